//! A server that means harm, or is out of its mind: polite up to one command, then it says what the test wants.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

/// What it says instead of the answer to a command.
pub struct Attack {
    /// The verb that brings it on; `FETCH` stands for UID FETCH, and `FETCH BODY` for one of bodies. An empty one: the greeting.
    pub at: &'static str,
    /// Said once.
    pub first: &'static str,
    /// Said again and again behind it, to the end of the budget; `#` is a number that grows.
    pub endless: &'static str,
    /// Whether the command is then answered with OK.
    pub answers: bool,
}

/// One account with two messages in INBOX. Gives its port, and whether it came to the attack; it ends with the test.
pub fn hostile(attack: Attack) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let struck = Arc::new(AtomicBool::default());
    let strikes = Arc::clone(&struck);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = serve(stream, &attack, &strikes);
        }
    });
    (port, struck)
}

fn serve(mut stream: TcpStream, attack: &Attack, struck: &AtomicBool) -> io::Result<()> {
    let mut commands = BufReader::new(stream.try_clone()?);
    if attack.at.is_empty() {
        return strike(&mut stream, attack, struck);
    }
    stream.write_all(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n")?;
    loop {
        let mut line = String::new();
        if commands.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let command =
            command.to_ascii_uppercase().replace("UID FETCH", "FETCH").replace("UID SEARCH", "SEARCH");
        let verb = command.split(' ').next().unwrap_or_default();
        let bodies = verb == "FETCH" && command.contains("BODY");
        if attack.at == verb || attack.at == "FETCH BODY" && bodies {
            strike(&mut stream, attack, struck)?;
            if !attack.answers {
                return Ok(());
            }
        } else {
            stream.write_all(answer(verb, bodies).as_bytes())?;
        }
        if verb == "AUTHENTICATE" && command.split(' ').count() == 2 {
            stream.write_all(b"+ \r\n")?;
            commands.read_line(&mut String::new())?;
        }
        stream.write_all(format!("{tag} OK done\r\n").as_bytes())?;
    }
}

fn strike(stream: &mut TcpStream, attack: &Attack, struck: &AtomicBool) -> io::Result<()> {
    struck.store(true, SeqCst);
    stream.write_all(attack.first.as_bytes())?;
    let (mut number, mut said) = (0_u64, 0);
    while said < BUDGET && !attack.endless.is_empty() {
        let mut part = String::with_capacity(1 << 16);
        while part.len() < 60_000 {
            number += 1;
            part.push_str(&attack.endless.replace('#', &number.to_string()));
        }
        stream.write_all(part.as_bytes())?;
        said += part.len();
    }
    Ok(())
}

fn answer(verb: &str, bodies: bool) -> &'static str {
    match verb {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
        "LIST" => "* LIST (\\HasNoChildren) \"/\" INBOX\r\n",
        "STATUS" => "* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 7 UNSEEN 0)\r\n",
        "EXAMINE" | "SELECT" => {
            "* FLAGS (\\Seen)\r\n* 2 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] .\r\n* OK [UIDNEXT 3] .\r\n"
        }
        "SEARCH" => "* SEARCH 1 2\r\n",
        "FETCH" if bodies => {
            "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Feb-2004 12:00:00 +0000\" RFC822.SIZE 6 BODY[] {6}\r\na: b\r\n)\r\n\
             * 2 FETCH (UID 2 FLAGS () INTERNALDATE \"01-Feb-2004 12:00:00 +0000\" RFC822.SIZE 6 BODY[] {6}\r\na: c\r\n)\r\n"
        }
        "FETCH" => {
            "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Feb-2004 12:00:00 +0000\" RFC822.SIZE 6)\r\n\
             * 2 FETCH (UID 2 FLAGS () INTERNALDATE \"01-Feb-2004 12:00:00 +0000\" RFC822.SIZE 6)\r\n"
        }
        _ => "",
    }
}

/// Bytes: more than a careful client will keep.
const BUDGET: usize = 40 << 20;
