use maildir_sync::keywords::KeywordTable;
use maildir_sync::subscriptions;
use maildir_sync::uidlist_plan::plan;
use maildir_sync::unique::FileName;
use maildir_sync::{Flags, FolderName, Numbers, UidList, Unique};

/// A file name, a folder's name and flags mean the same when they are written and read back.
pub fn maildir_names(data: &[u8]) {
    if let Ok(name) = FileName::parse(data) {
        assert_eq!(name.unique.as_bytes(), data.split(|&byte| byte == b':').next().unwrap_or_default());
        if !name.foreign {
            let written = name.to_bytes();
            assert_eq!(FileName::parse(&written).ok(), Some(name), "{}", written.escape_ascii());
        }
    }
    if let Ok(unique) = Unique::new(data) {
        assert_eq!(Unique::new(unique.as_bytes()).ok(), Some(unique));
    }
    let flags = Flags::parse(data);
    assert_eq!(Flags::parse(flags.to_string().as_bytes()), flags);
    if let Some(folder) = FolderName::from_dir_name(data) {
        assert_eq!(folder.dir_name(), data);
        assert!(!data.contains(&b'/') && data != b"..", "a folder outside of the Maildir");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let parts: Vec<_> = text.split('/').collect();
        if let Ok(folder) = FolderName::from_path_parts(&parts)
            && !folder.is_inbox()
        {
            assert_eq!(folder.parts(), parts, "{folder:?}");
        }
    }
}

/// A folder's keywords are written as they were understood, and a new one gets a letter that was free.
pub fn maildir_keywords(data: &[u8]) {
    let mut table = KeywordTable::parse(data);
    assert!(table.names().count() <= 26);
    assert_eq!(KeywordTable::parse(&table.to_bytes()), table);
    let before = table.clone();
    if let Some(letter) = table.add("mailferry-new") {
        assert!(letter.is_ascii_lowercase());
        assert_eq!(KeywordTable::parse(&table.to_bytes()), table);
        let old = (b'a'..=b'z').filter(|&other| other != letter);
        assert!(old.into_iter().all(|other| before.name(other) == table.name(other)));
    }
}

/// Subscriptions of any form name folders inside the Maildir; what was subscribed stays so, with every byte.
pub fn maildir_subscriptions(data: &[u8]) {
    subscriptions::parse_courier(data);
    let there = subscriptions::parse_dovecot(data);
    for folder in &there {
        assert!(!folder.as_bytes().contains(&b'/') && !folder.as_bytes().contains(&0), "{folder:?}");
    }
    let new = FolderName::new("Mailferry.New").expect("a plain name");
    let (written, _) = subscriptions::add_dovecot(Some(data), std::slice::from_ref(&new));
    assert!(written.starts_with(data));
    let again = subscriptions::parse_dovecot(&written);
    assert!(again.contains(&new), "{}", written.escape_ascii());
    assert!(there.iter().all(|folder| again.contains(folder)), "{}", written.escape_ascii());
}

/// A list of UIDs is written as it was understood, and what is added to it contradicts nothing that it said.
pub fn maildir_uidlist(data: &[u8]) {
    let Ok((list, faults)) = UidList::parse(data) else { return };
    let lines = data.split(|&byte| byte == b'\n').count();
    assert!(faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{faults:?}");
    assert!(list.records().count() < lines);
    let written = list.to_bytes();
    let (again, none) = UidList::parse(&written).expect("a list that we wrote");
    assert_eq!((again.to_bytes(), none.len()), (written.clone(), 0));

    let new = Unique::new("new.mailferry").expect("a plain name");
    for uid in [1, list.next(), list.last().unwrap_or(1)] {
        let uids = [(new.clone(), uid)].into();
        let numbers = Numbers { validity: list.validity(), next: Some(list.next()), uids };
        let merge = plan(Some(&list), &numbers, true, true);
        let Some(merged) = merge.apply(Some(list.clone())) else { panic!("there is a list") };
        assert!(merged.next() >= list.next() && merged.validity() == list.validity());
        assert!(list.records().all(|(uid, record)| merged.get(uid) == Some(record)));
        assert_eq!(merge.others.is_empty(), merged.uid(&new) == Some(uid));
        if !merge.whole {
            let added = [written.as_slice(), &merge.to_lines()].concat();
            let (added, _) = UidList::parse(&added).expect("the same header");
            assert_eq!(added.to_bytes(), merged.to_bytes());
        }
    }
}
