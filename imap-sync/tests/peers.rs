//! What servers of several makes say, line by line, in pieces of every size, with what is read in it.
#![allow(clippy::unwrap_used)]

use imap_sync::wire::{Capabilities, Code, Event, Framer, Response, Uids};

const PEERS: [(&str, &str, &str); 4] = [
    ("cyrus", include_str!("transcripts/cyrus.txt"), include_str!("transcripts/cyrus.read.txt")),
    ("exchange", include_str!("transcripts/exchange.txt"), include_str!("transcripts/exchange.read.txt")),
    ("gmail", include_str!("transcripts/gmail.txt"), include_str!("transcripts/gmail.read.txt")),
    ("zimbra", include_str!("transcripts/zimbra.txt"), include_str!("transcripts/zimbra.read.txt")),
];

#[test]
fn what_each_server_says_is_read() {
    for (peer, said, expected) in PEERS {
        let said = said.replace('\n', "\r\n").into_bytes();
        let read: Vec<String> = responses(&said, said.len()).iter().map(|it| shown(it)).collect();
        for (read, expected) in read.iter().zip(expected.lines()) {
            assert_eq!(read, expected, "{peer}");
        }
        assert_eq!(read.len(), expected.lines().count(), "{peer}: {}", read.join("\n"));
    }
}

#[test]
fn f4_chunked() {
    for (peer, said, _) in PEERS {
        let said = said.replace('\n', "\r\n").into_bytes();
        let whole = responses(&said, said.len());
        for size in 1..said.len() {
            assert_eq!(responses(&said, size), whole, "{peer} in pieces of {size}");
        }
    }
}

fn responses(said: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (mut framer, mut responses) = (Framer::new(), Vec::new());
    for piece in said.chunks(size) {
        framer.feed(piece);
        while let Some(event) = framer.take().unwrap() {
            let Event::Response(response) = event else { panic!("only small literals") };
            responses.push(response);
        }
    }
    assert!(framer.is_empty());
    responses
}

fn shown(response: &[u8]) -> String {
    match Response::parse(response) {
        Response::Acl(acl) => {
            let entries = acl.entries.iter().map(|(who, what)| format!(" {}={}", text(who), text(what)));
            format!("acl {}{}", text(&acl.mailbox), entries.collect::<String>())
        }
        Response::Capability(can) => format!("capability, {}", known(&can)),
        Response::Classic(_) => "classic".into(),
        Response::Fetch { number, fetch } => {
            let labels =
                fetch.labels.as_ref().map(|labels| labels.iter().map(|it| text(it)).collect::<Vec<_>>());
            let parts: Vec<String> = fetch.sections.iter().map(|(name, _)| text(name)).collect();
            format!(
                "fetch {number:?} uid {:?} flags {:?} size {:?} date {:?} modseq {:?} ids {:?} {:?} {:?} labels {labels:?} \
                 body {:?} parts {parts:?}",
                fetch.uid,
                fetch.flags.as_ref().map(ToString::to_string),
                fetch.size,
                fetch.date.or(fetch.save_date).map(|date| date.to_rfc3339()),
                fetch.modseq,
                fetch.email_id,
                fetch.thread_id,
                fetch.gmail_id,
                fetch.body.is_some(),
            )
        }
        Response::List(list) => format!(
            "list {} {:?} {} children {:?}",
            text(&list.name),
            list.separator.map(char::from),
            list.attributes.join(" "),
            list.children,
        ),
        Response::MailboxStatus(it) => format!(
            "status {} {:?} {:?} {:?} {:?} {:?} {:?} {:?} others {}",
            text(&it.name),
            it.messages,
            it.uid_next,
            it.uid_validity,
            it.highest_modseq,
            it.size,
            it.mailbox_id,
            it.append_limit,
            it.others.len(),
        ),
        Response::Metadata(it) => {
            let entries = it.entries.iter().map(|(name, value)| format!(" {} {value:?}", text(name)));
            format!("metadata {}{}", text(&it.mailbox), entries.collect::<String>())
        }
        Response::MyRights(it) => format!("rights {} {}", text(&it.mailbox), text(&it.rights)),
        Response::Namespace(it) => {
            let kinds = [it.personal, it.other, it.shared].map(|kind| {
                let names = kind.unwrap().into_iter().map(|it| text(&it.prefix));
                names.collect::<Vec<_>>().join("|")
            });
            format!("namespaces {kinds:?}")
        }
        Response::Quota(it) => format!("quota {} {:?}", text(&it.root), it.resources),
        Response::QuotaRoot(it) => format!("quota root {} of {}", it.roots.len(), text(&it.mailbox)),
        Response::Status(status) => {
            let code = status.code.as_ref().map_or_else(|| "-".into(), coded);
            format!("{:?} {code} {}", status.condition, status.text)
        }
        Response::Unknown(_) => "unknown".into(),
        other => format!("{other:?}"),
    }
}

fn coded(code: &Code) -> String {
    let ranges = |uids: &Uids| format!("{} ({})", uids.to_set(), uids.len());
    match code {
        Code::AppendUid { validity, uids } => format!("APPENDUID {validity} {}", ranges(uids)),
        Code::Capability(_) => known(&Capabilities::from_code(Some(code)).unwrap()).to_owned(),
        Code::CopyUid { validity, from, to } => format!("COPYUID {validity} {} {}", ranges(from), ranges(to)),
        other => format!("{other:?}"),
    }
}

fn known(can: &Capabilities) -> &'static str {
    if can.has("LITERAL+") { "LITERAL+" } else { "no LITERAL+" }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
