//! Between the tool and a server: keeps what was said, takes extensions away, and breaks things on purpose.
//!
//! It follows both streams line by line and literal by literal, so that a fault strikes at a known place and what it
//! says itself never lands in the middle of an answer. Plain text only.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

/// What goes wrong, once. Places are counted from one over all connections.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The n-th command gets these words (`NO [CODE] text`) instead of reaching the server.
    Answer(u64, &'static str),
    /// The server seems to go away at the n-th command.
    Bye(u64),
    /// The connection ends before the n-th command reaches the server.
    CutAtCommand(u64),
    /// It ends after the n-th whole answer of the server, tagged or not.
    CutAfterAnswer(u64),
    /// It ends after so many bytes from the server.
    CutDown(u64),
    /// It ends after so many bytes to the server.
    CutUp(u64),
    /// The n-th APPEND is done, but its answer is lost with the connection.
    SwallowAppend(u64),
    /// From the n-th command on nothing comes back, and the connection stays.
    Stall(u64),
}

#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    upstream: u16,
    hidden: Vec<String>,
    delay: Duration,
    ended: AtomicBool,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    fault: Option<Fault>,
    commands: u64,
    appends: u64,
    answers: u64,
    up: u64,
    down: u64,
    said: Vec<String>,
}

/// One connection, shared by its two directions.
struct Link {
    state: Arc<State>,
    client: Mutex<TcpStream>,
    server: Mutex<TcpStream>,
    /// The same two, to be ended while somebody holds a lock.
    ends: [TcpStream; 2],
    /// The tag whose answer is swallowed.
    swallow: Mutex<Option<Vec<u8>>>,
}

impl Proxy {
    /// Before the server at this port, as a fair one.
    pub fn before(upstream: u16) -> Self {
        Self::start(upstream, &[], Duration::ZERO)
    }

    /// The server seems not to have these extensions.
    pub fn without(upstream: u16, extensions: &[&str]) -> Self {
        Self::start(upstream, extensions, Duration::ZERO)
    }

    /// Every answer takes this much longer.
    pub fn slow(upstream: u16, delay: Duration) -> Self {
        Self::start(upstream, &[], delay)
    }

    fn start(upstream: u16, hidden: &[&str], delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let hidden = hidden.iter().map(|word| (*word).to_owned()).collect();
        let (ended, progress) = (AtomicBool::default(), Mutex::default());
        let state = Arc::new(State { upstream, hidden, delay, ended, progress });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.ended.load(SeqCst) {
                    return;
                }
                let Ok(client) = client else { continue };
                let _ = connect(&accepting, client);
            }
        });
        Self { port, state }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes something go wrong from now on, counting from here.
    pub fn arm(&self, fault: Fault) {
        let mut progress = self.state.progress.lock().unwrap();
        *progress = Progress { fault: Some(fault), ..Progress::default() };
    }

    /// Makes nothing go wrong any more, and says whether it had.
    pub fn disarm(&self) -> bool {
        self.state.progress.lock().unwrap().fault.take().is_none()
    }

    /// Whether what it was armed with has gone wrong.
    pub fn has_struck(&self) -> bool {
        self.state.progress.lock().unwrap().fault.is_none()
    }

    /// The commands so far, without their tags; a literal is `{n}` and the line goes on behind it.
    pub fn said(&self) -> Vec<String> {
        self.state.progress.lock().unwrap().said.clone()
    }

    /// Commands, bytes to the server and bytes from it since the proxy was armed or began.
    pub fn counts(&self) -> Counts {
        let progress = self.state.progress.lock().unwrap();
        let Progress { commands, appends, answers, up, down, .. } = *progress;
        Counts { commands, appends, answers, up, down }
    }
}

/// How much has passed.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    pub commands: u64,
    pub appends: u64,
    pub answers: u64,
    pub up: u64,
    pub down: u64,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, SeqCst);
        // The listener wakes up and sees it.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn connect(state: &Arc<State>, client: TcpStream) -> io::Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, state.upstream))?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, from_server) =
        (BufReader::new(client.try_clone()?), BufReader::new(server.try_clone()?));
    let ends = [client.try_clone()?, server.try_clone()?];
    let link = Arc::new(Link {
        ends,
        state: Arc::clone(state),
        client: Mutex::new(client),
        server: Mutex::new(server),
        swallow: Mutex::default(),
    });
    let up = Arc::clone(&link);
    thread::spawn(move || {
        let _ = up.commands(from_client);
        up.cut();
    });
    thread::spawn(move || {
        let _ = link.answers(from_server);
        link.cut();
    });
    Ok(())
}

impl Link {
    fn cut(&self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    fn commands(&self, mut from: BufReader<TcpStream>) -> io::Result<()> {
        while let Some(line) = line(&mut from)? {
            let Some((tag, command)) = parted(&line) else {
                self.up(&line)?;
                continue;
            };
            match self.struck(&command) {
                Some(Fault::Answer(_, words)) => {
                    self.say(&[&tag[..], b" ", words.as_bytes(), b"\r\n"].concat())?;
                    if unasked(&line) {
                        self.rest(&line, &mut from, &mut |_| Ok(()))?;
                    }
                    continue;
                }
                Some(Fault::Bye(_)) => {
                    self.say(b"* BYE going down for maintenance\r\n")?;
                    return Err(broken());
                }
                Some(Fault::CutAtCommand(_)) => return Err(broken()),
                Some(Fault::Stall(_)) => {
                    while !self.state.ended.load(SeqCst) {
                        sleep(Duration::from_millis(20));
                    }
                    return Err(broken());
                }
                Some(Fault::SwallowAppend(_)) => *self.swallow.lock().unwrap() = Some(tag),
                _ => {}
            }
            self.up(&line)?;
            self.rest(&line, &mut from, &mut |bytes| self.up(bytes))?;
        }
        Ok(())
    }

    /// What follows the first line of a command: its literals and the lines behind them.
    fn rest(
        &self,
        first: &[u8],
        from: &mut BufReader<TcpStream>,
        to: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut last = first.to_vec();
        while let Some(size) = literal(&last) {
            copy(from, size, to)?;
            let Some(next) = line(from)? else { return Err(broken()) };
            to(&next)?;
            if let Some(said) = self.state.progress.lock().unwrap().said.last_mut() {
                said.push_str(String::from_utf8_lossy(&next).trim_end());
            }
            last = next;
        }
        Ok(())
    }

    fn answers(&self, mut from: BufReader<TcpStream>) -> io::Result<()> {
        while let Some(mut first) = line(&mut from)? {
            sleep(self.state.delay);
            let swallowed = self.swallow.lock().unwrap().clone();
            if swallowed.is_some_and(|tag| first.starts_with(&[&tag[..], b" "].concat())) {
                return Err(broken());
            }
            if !self.state.hidden.is_empty() {
                first = hide(&first, &self.state.hidden);
            }
            // Held over the whole answer: nothing else is said within it.
            let mut client = self.client.lock().unwrap();
            let mut last = first.clone();
            self.down(&mut client, &first)?;
            while let Some(size) = literal(&last) {
                copy(&mut from, size, &mut |bytes| self.down(&mut client, bytes))?;
                let Some(next) = line(&mut from)? else { return Err(broken()) };
                self.down(&mut client, &next)?;
                last = next;
            }
            if self.answered() {
                return Err(broken());
            }
        }
        Ok(())
    }

    fn say(&self, bytes: &[u8]) -> io::Result<()> {
        self.client.lock().unwrap().write_all(bytes)
    }

    /// The fault that strikes at this command.
    fn struck(&self, command: &str) -> Option<Fault> {
        let mut progress = self.state.progress.lock().unwrap();
        progress.commands += 1;
        let is_append = command.to_ascii_uppercase().starts_with("APPEND ");
        progress.appends += u64::from(is_append);
        progress.said.push(command.to_owned());
        let (commands, appends) = (progress.commands, progress.appends);
        let strikes = match progress.fault {
            Some(Fault::Answer(at, _) | Fault::Bye(at) | Fault::CutAtCommand(at) | Fault::Stall(at)) => {
                at == commands
            }
            Some(Fault::SwallowAppend(at)) => is_append && at == appends,
            _ => false,
        };
        if strikes { progress.fault.take() } else { None }
    }

    fn answered(&self) -> bool {
        let mut progress = self.state.progress.lock().unwrap();
        progress.answers += 1;
        let strikes = matches!(progress.fault, Some(Fault::CutAfterAnswer(at)) if at == progress.answers);
        if strikes {
            progress.fault = None;
        }
        strikes
    }

    fn up(&self, bytes: &[u8]) -> io::Result<()> {
        let allowed = {
            let mut progress = self.state.progress.lock().unwrap();
            let before = progress.up;
            progress.up += bytes.len() as u64;
            let at = if let Some(Fault::CutUp(at)) = progress.fault { Some(at) } else { None };
            allowed(&mut progress, at, before, bytes)
        };
        let mut server = self.server.lock().unwrap();
        server.write_all(&bytes[..allowed])?;
        if allowed < bytes.len() { Err(broken()) } else { Ok(()) }
    }

    fn down(&self, client: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
        let allowed = {
            let mut progress = self.state.progress.lock().unwrap();
            let before = progress.down;
            progress.down += bytes.len() as u64;
            let at = if let Some(Fault::CutDown(at)) = progress.fault { Some(at) } else { None };
            allowed(&mut progress, at, before, bytes)
        };
        client.write_all(&bytes[..allowed])?;
        if allowed < bytes.len() { Err(broken()) } else { Ok(()) }
    }
}

/// How many of these bytes still pass.
fn allowed(progress: &mut Progress, at: Option<u64>, before: u64, bytes: &[u8]) -> usize {
    match at {
        Some(at) if at < before + bytes.len() as u64 => {
            progress.fault = None;
            usize::try_from(at.saturating_sub(before)).expect("less than a buffer")
        }
        _ => bytes.len(),
    }
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

fn line(from: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    Ok((!line.is_empty()).then_some(line))
}

fn copy(
    from: &mut BufReader<TcpStream>,
    size: u64,
    to: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut left = from.take(size);
    let mut part = [0; 8192];
    loop {
        match left.read(&mut part)? {
            0 if left.limit() > 0 => return Err(broken()),
            0 => return Ok(()),
            read => to(&part[..read])?,
        }
    }
}

/// The size of the literal that a line ends with: `{n}`, `{n+}` or `~{n}`.
fn literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r\n")?.strip_suffix(b"}")?;
    let start = line.iter().rposition(|byte| *byte == b'{')?;
    let digits = &line[start + 1..];
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn unasked(line: &[u8]) -> bool {
    line.ends_with(b"+}\r\n")
}

/// Tag and the rest; none where a line goes on with something, as `DONE` does.
fn parted(line: &[u8]) -> Option<(Vec<u8>, String)> {
    let text = String::from_utf8_lossy(line);
    let (tag, rest) = text.trim_end().split_once(' ')?;
    Some((tag.as_bytes().to_vec(), rest.to_owned()))
}

/// A line without these words in its list of capabilities.
fn hide(line: &[u8], hidden: &[String]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(line) else { return line.to_vec() };
    let Some(start) = text.find("CAPABILITY ") else { return line.to_vec() };
    let start = start + "CAPABILITY ".len();
    let end = text[start..].find([']', '\r']).map_or(text.len(), |end| start + end);
    let kept = |word: &&str| !hidden.iter().any(|hidden| hidden.eq_ignore_ascii_case(word));
    let words: Vec<&str> = text[start..end].split(' ').filter(kept).collect();
    format!("{}{}{}", &text[..start], words.join(" "), &text[end..]).into_bytes()
}
