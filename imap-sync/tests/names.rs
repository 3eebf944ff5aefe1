//! Names that servers refuse, fitted and made on a real Dovecot in each of its layouts.
#![allow(clippy::unwrap_used)]

mod dovecot;

use std::collections::{BTreeMap, BTreeSet};

use dovecot::Dovecot;
use imap_sync::{
    Endpoint, Folder, FolderName, Place, Profile, Rules, Secret, Source, SourceFolder, Target, TargetSide,
    connect_target, escape, map_folders, namespace,
};

/// What is tried, and what the server says it is.
struct Layout {
    settings: &'static str,
    separator: u8,
    prefix: &'static [u8],
    profile: &'static Profile,
}

/// The server takes each name that was fitted, lists it under just that name, and all of them lead back.
#[test]
fn dovecot_takes_every_name_that_was_fitted() {
    for layout in [
        Layout { settings: "", separator: b'/', prefix: b"", profile: &Profile::DOVECOT },
        Layout {
            settings: "mail_location = sdbox:~/box\n",
            separator: b'/',
            prefix: b"",
            profile: &Profile::DOVECOT,
        },
        Layout {
            settings: "mail_location = maildir:~/Maildir\n",
            separator: b'/',
            prefix: b"",
            profile: &Profile::MAILDIR,
        },
        Layout {
            settings: "mail_location = maildir:~/Maildir\nnamespace inbox {\n separator = .\n prefix = INBOX.\n}\n",
            separator: b'.',
            prefix: b"INBOX.",
            profile: &Profile::MAILDIR,
        },
    ] {
        let server = Dovecot::start(layout.settings);
        let target = TargetSide {
            separator: Some(layout.separator),
            prefix: namespace(layout.prefix, Some(layout.separator)),
            folders: Vec::new(),
            profile: layout.profile.clone(),
        };
        let mapping = map_folders(&awkward(), &target, &Rules::default(), &BTreeMap::new());
        let listed = make(&server, mapping.creations.iter().map(|creation| &creation.name));
        let places = mapping.places.iter().map(|(source, place)| match place {
            Place::Mapped(mapped) => (source, &mapped.target),
            Place::Excluded(exclusion) => panic!("{source}: {exclusion}"),
        });
        for (source, place) in places {
            assert!(listed.contains(place), "{source} as {place}, {}", layout.settings);
            // In a namespace `INBOX.` what was below `INBOX` has the prefix already. What is no modified UTF-7 comes back in it.
            let below_inbox = !source.is_inbox() && source.parts().next() == Some(b"INBOX");
            let prefix = target
                .prefix
                .iter()
                .filter(|_| !source.is_inbox() && !below_inbox)
                .flat_map(FolderName::parts);
            let expected = FolderName::from_wire(prefix.chain(source.parts()));
            let back = escape::unescape(place);
            assert!(back.is_none_or(|it| it == expected || source.text().is_none()), "{source} as {place}");
        }
    }
}

fn make<'a>(server: &Dovecot, names: impl Iterator<Item = &'a FolderName>) -> BTreeSet<FolderName> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let endpoint = Endpoint::parse(&format!("imap://u1@127.0.0.1:{}", server.port), false).unwrap();
        let endpoint = endpoint.with_cafile(Some(server.ca()));
        let mut target = connect_target(&endpoint, Secret::new("pw1")).await.unwrap();
        let folders: Vec<Folder> = names.map(|name| Folder::new(name.clone())).collect();
        for (folder, made) in folders.iter().zip(target.create(&folders).await.unwrap()) {
            assert!(made.is_ok(), "{}: {made:?}", folder.name);
        }
        let folders = target.folders().await.unwrap();
        target.close().await;
        folders.into_iter().filter(|folder| folder.selectable).map(|folder| folder.name).collect()
    })
}

fn awkward() -> Vec<SourceFolder> {
    let long = "ü".repeat(150);
    let text: [&[&str]; 24] = [
        &["INBOX"],
        &["INBOX", "v1.2"],
        &["~home"],
        &["~home", "~x"],
        &["a/b", "c.d"],
        &["50% *"],
        &[" leading"],
        &["trailing "],
        &["."],
        &["x", ".."],
        &["x", "", "y"],
        &["line\nbreak"],
        &["back\\slash \"quoted\""],
        &["cur"],
        &["x", "tmp"],
        &["dbox-Mails"],
        &["a=2Eb"],
        &["a.b"],
        &["="],
        &["Größe & Co", "日本語"],
        &[&long],
        &[&long, &long],
        &[
            "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
            "18", "19", "20", "21",
        ],
        &["user", "{3}", "(x)"],
    ];
    let raw = [&b"gr\xfc\xdfe"[..], b"gr\xc3\xbc\xc3\x9fe", b"a&b"].map(|name| FolderName::from_wire([name]));
    let names = text.into_iter().map(|path| FolderName::from_text(path.iter().copied())).chain(raw);
    names.map(|name| SourceFolder { name, special: None, selectable: true, subscribed: false }).collect()
}
