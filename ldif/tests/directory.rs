//! The typed view: one small directory that is right, and a table of what can be wrong.

#![allow(clippy::unwrap_used)]

use ldif::{
    Address, Directory, DomainKind, Finding, Key, Kind, Quota, ResourceKind, Scheme, Severity, Status,
};

const RIGHT: &str = include_str!("data/right.ldif");

fn read(text: &str) -> (Directory, Vec<Finding>) {
    Directory::read([("test.ldif", text.as_bytes())])
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

#[test]
fn nothing_is_found_in_a_right_directory() {
    let (_, findings) = read(RIGHT);
    let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "test.ldif:91: skip: galsync.x1@example.com: a system account of the old server; left out",
            "test.ldif:145: note: all@example.com: a dynamic list; read as a list of its present members",
            "test.ldif:153: note: zimbraSignatureName=Work,uid=anna,ou=people,dc=example,dc=com: a signature; kept as an entry only",
        ]
    );
}

#[test]
fn classes_and_domains() {
    let (directory, _) = read(RIGHT);
    let classes: Vec<_> = directory.classes.iter().map(|class| (class.name.as_str(), class.quota)).collect();
    assert_eq!(classes, [("default", Some(0)), ("crew", Some(1_000_000))]);
    let domains: Vec<_> =
        directory.domains.iter().map(|domain| (domain.name.as_str(), &domain.kind)).collect();
    let alias = DomainKind::Alias { target: "example.com".to_owned() };
    assert_eq!(domains, [("example.org", &alias), ("example.com", &DomainKind::Local)]);
    assert_eq!(directory.domains[1].catch_all, Some(address("anna@example.com")));
}

#[test]
fn accounts() {
    let (directory, _) = read(RIGHT);
    let names: Vec<_> = directory.accounts.iter().map(|account| account.address.as_str()).collect();
    assert_eq!(names, ["anna@example.com", "Bo@example.com", "cleo@example.com"]);
    let [anna, bo, cleo] = &directory.accounts[..] else { panic!() };
    assert_eq!(anna.class.as_deref(), Some("crew"));
    assert_eq!(anna.quota, Quota { bytes: Some(5_000_000) });
    assert_eq!(anna.display_name.as_deref(), Some("Anna \u{c5}berg"));
    let password = anna.password.as_ref().unwrap();
    assert_eq!((password.scheme(), password.payload()), (&Scheme::Ssha512, &b"c2VjcmV0"[..]));
    assert_eq!(format!("{password:?}"), "Password(SSHA512, ***)");
    assert_eq!(anna.forward, [address("anna@elsewhere.test"), address("a2@elsewhere.test")]);
    assert!(!anna.keep_copy);
    assert_eq!(anna.hidden_forward, [address("audit@example.com")]);
    assert_eq!((bo.class.as_deref(), bo.quota.bytes), (Some("crew"), Some(1_000_000)), "by its domain");
    assert_eq!(bo.status, Status::Locked);
    assert_eq!(bo.password.as_ref().unwrap().as_ldap(), b"{CRYPT}$6$salt$hash");
    assert_eq!((cleo.class.as_deref(), cleo.quota.bytes), (Some("default"), None), "zero is unlimited");
    assert!(cleo.keep_copy && cleo.password.is_none());
}

#[test]
fn operational_attributes_are_left_out_and_the_rest_is_kept() {
    let (directory, _) = read(RIGHT);
    let entry = &directory.accounts[0].entry;
    assert_eq!(entry.get("entryUUID"), None);
    assert_eq!(entry.get("zimbraPrefLocale"), Some(&b"sv"[..]));
    assert_eq!(directory.accounts[0].place.line, 43);
    assert_eq!(directory.accounts[0].place.dn.as_deref(), Some("uid=anna,ou=people,dc=example,dc=com"));
}

#[test]
fn aliases_once_each() {
    let (directory, _) = read(RIGHT);
    let aliases: Vec<_> =
        directory.aliases.iter().map(|alias| (alias.address.as_str(), alias.target.as_str())).collect();
    let expected = [("skipper@example.com", "anna@example.com"), ("captain@example.com", "anna@example.com")];
    assert_eq!(aliases, expected);
    assert_eq!(directory.aliases[1].entry.dn, "uid=captain,ou=people,dc=example,dc=com", "made up");
    assert_eq!(directory.aliases[1].entry.get("zimbraAliasTargetId"), Some(&b"id-anna"[..]));
}

#[test]
fn lists_and_resources() {
    let (directory, _) = read(RIGHT);
    let [crew, everyone, all] = &directory.lists[..] else { panic!("{:?}", directory.lists) };
    assert_eq!(
        crew.members,
        [address("anna@example.com"), address("bo@example.com"), address("pilot@elsewhere.test")]
    );
    assert_eq!(crew.aliases, [address("team@example.com")]);
    assert_eq!(crew.display_name.as_deref(), Some("The crew"));
    assert_eq!(
        everyone.members,
        [address("crew@example.com"), address("skipper@example.org"), address("who@example.com")]
    );
    assert_eq!(all.members, [address("cleo@example.com")], "by the accounts that name it");
    let [room] = &directory.resources[..] else { panic!() };
    assert_eq!((room.address.as_str(), room.kind), ("bridge@example.com", ResourceKind::Location));
    assert_eq!(directory.others.iter().map(|other| other.what.as_str()).collect::<Vec<_>>(), ["signature"]);
}

#[test]
fn the_listing_is_in_the_order_of_dependence() {
    let (directory, _) = read(RIGHT);
    let keys: Vec<String> = directory.listing().iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(keys.first().unwrap(), "class crew");
    assert_eq!(keys[keys.len() - 2], "list everyone@example.com");
    assert!(keys.contains(&"alias domain example.org".to_owned()));
    assert_eq!(keys.len(), 2 + 2 + 3 + 1 + 2 + 3 + 1);
    assert_eq!(directory.listing().iter().next().unwrap().0.kind(), Kind::Class);
}

#[test]
fn entries_without_a_type_are_in_the_listing() {
    let (directory, _) = read(RIGHT);
    let dn = "zimbraSignatureName=Work,uid=anna,ou=people,dc=example,dc=com";
    let listing = directory.listing();
    let item = listing.get(&Key::new(Kind::Other, dn)).unwrap();
    assert_eq!((item.entry.dn.as_str(), item.place.line), (dn, 153));
}

#[test]
fn configuration_that_is_said_to_be_left_out_is_left_out() {
    let (directory, findings) = with("dn: cn=mx,cn=servers,cn=zimbra\nobjectClass: zimbraServer\ncn: mx\n");
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Skip));
    assert!(directory.others.is_empty());
}

#[test]
fn plain_directories() {
    let text = "version: 1\n\ndn: dc=example,dc=net\nobjectClass: domain\ndc: example\n\n\
                dn: cn=Dan,dc=example,dc=net\nobjectClass: inetOrgPerson\ncn: Dan\nmail: dan@example.net\n\
                mail: daniel@example.net\nuserPassword: {SSHA}c2VjcmV0\n\n\
                dn: uid=eve,dc=example,dc=net\nobjectClass: account\nobjectClass: posixAccount\nuid: eve\n";
    let (directory, findings) = read(text);
    assert_eq!(directory.accounts[0].address, address("dan@example.net"));
    assert_eq!(directory.accounts[0].display_name.as_deref(), Some("Dan"));
    assert_eq!(directory.aliases[0].address, address("daniel@example.net"));
    assert_eq!(findings.len(), 1);
    assert!(findings[0].reason.contains("without a mail address"));
    assert_eq!(directory.others[0].what, "person");
}

/// A directory with one domain, one class of service and one account, and what is put behind it.
fn with(more: &str) -> (Directory, Vec<Finding>) {
    read(&format!("{BASE}{more}"))
}

const BASE: &str = "version: 1

dn: cn=crew,cn=cos,cn=zimbra
objectClass: zimbraCOS
cn: crew
zimbraId: id-crew

dn: dc=example,dc=com
objectClass: zimbraDomain
zimbraDomainName: example.com
zimbraDomainType: local
zimbraId: id-domain

dn: uid=anna,ou=people,dc=example,dc=com
objectClass: zimbraAccount
uid: anna
mail: anna@example.com
zimbraId: id-anna

";

fn account(name: &str, more: &str) -> String {
    let (local, domain) = name.split_once('@').unwrap();
    let dcs: Vec<String> = domain.split('.').map(|label| format!("dc={label}")).collect();
    format!(
        "dn: uid={local},ou=people,{}\nobjectClass: zimbraAccount\nuid: {local}\nmail: {name}\n{more}\n\n",
        dcs.join(",")
    )
}

fn list(members: &str) -> String {
    let dn = "dn: uid=crew,ou=people,dc=example,dc=com";
    format!("{dn}\nobjectClass: zimbraDistributionList\nuid: crew\nmail: crew@example.com\n{members}\n\n")
}

const FAILURE: Severity = Severity::Failure;
const NOTE: Severity = Severity::Note;
const SKIP: Severity = Severity::Skip;

#[test]
fn each_fault_is_found_and_placed() {
    let table: Vec<(&str, String, Severity, u64, &str, &str)> = vec![
        ("bad base64", account("bo@example.com", "cn:: %%%"), FAILURE, 24, "uid=bo", "base64"),
        ("no colon", account("bo@example.com", "what is this"), FAILURE, 24, "uid=bo", "not an attribute line"),
        ("no name", "cn: Bo\nmail: bo@example.com\n".to_owned(), FAILURE, 20, "record", "instead of dn"),
        ("nobody's domain", account("bo@other.test", ""), FAILURE, 20, "bo@other.test", "declares the domain"),
        ("dangling class", account("bo@example.com", "zimbraCOSId: id-x"), FAILURE, 20, "bo@example.com", "\"id-x\""),
        ("class by name", account("bo@example.com", "zimbraCOSId: Crew"), NOTE, 20, "bo@example.com", "by name"),
        (
            "dangling alias",
            "dn: uid=b,ou=people,dc=example,dc=com\nobjectClass: zimbraAlias\nuid: b\nzimbraAliasTargetId: id-x\n"
                .to_owned(),
            FAILURE,
            20,
            "b@example.com",
            "an alias, but no entry has the id \"id-x\"",
        ),
        (
            "claimed twice",
            account("bo@example.com", "zimbraMailAlias: anna@example.com"),
            FAILURE,
            20,
            "anna@example.com",
            "belongs to account anna@example.com at test.ldif:14",
        ),
        (
            "bad address",
            "dn: uid=b,ou=people,dc=example,dc=com\nobjectClass: zimbraAccount\nuid: b\nmail: b o@example.com\n"
                .to_owned(),
            FAILURE,
            20,
            "uid=b,ou=people,dc=example,dc=com",
            "not a mail address: \"b o@example.com\"",
        ),
        ("bad quota", account("bo@example.com", "zimbraMailQuota: 5G"), FAILURE, 20, "bo@example.com", "\"5G\""),
        ("bad status", account("bo@example.com", "zimbraAccountStatus: gone"), FAILURE, 20, "bo@example.com", "\"gone\""),
        ("unknown scheme", account("bo@example.com", "userPassword: {NEW}x"), NOTE, 20, "bo@example.com", "scheme NEW"),
        ("local member nobody has", list("zimbraMailForwardingAddress: x@example.com"), FAILURE, 20, "crew@example.com", "x@example.com"),
        ("bad member", list("zimbraMailForwardingAddress: nobody"), FAILURE, 20, "crew@example.com", "\"nobody\""),
        (
            "repeated name, other content",
            "dn: UID=Anna,ou=people,dc=example,dc=com\nobjectClass: zimbraAccount\nmail: x@example.com\n".to_owned(),
            FAILURE,
            20,
            "UID=Anna,ou=people,dc=example,dc=com",
            "another entry of the same name is at test.ldif:14",
        ),
        (
            "repeated name, same content",
            "dn: uid=anna, ou=people, dc=example, dc=com\nobjectClass: zimbraAccount\nuid: anna\nmail: anna@example.com\n\
             zimbraId: id-anna\n"
                .to_owned(),
            NOTE,
            20,
            "uid=anna, ou=people, dc=example, dc=com",
            "the same entry as at test.ldif:14",
        ),
        ("blanks", account("bo@example.com", "zimbraMailAlias: b@example.com "), NOTE, 20, "uid=bo,ou=people", "blanks"),
        ("capitals", account("bo@example.com", "zimbraMailAlias: b@Example.COM"), NOTE, 20, "bo@example.com", "lower case"),
        ("system account", account("spam.x@example.com", ""), SKIP, 20, "spam.x@example.com", "system account"),
        (
            "alias domain of itself",
            "dn: dc=example,dc=org\nobjectClass: zimbraDomain\nzimbraDomainType: alias\nzimbraDomainAliasTargetId: id-o\n\
             zimbraId: id-o\n"
                .to_owned(),
            FAILURE,
            20,
            "example.org",
            "\"id-o\"",
        ),
        (
            "the same id",
            account("bo@example.com", "zimbraId: id-anna"),
            FAILURE,
            20,
            "bo@example.com",
            "same id",
        ),
        (
            "a resource that is neither",
            "dn: uid=r,ou=people,dc=example,dc=com\nobjectClass: zimbraCalendarResource\nuid: r\nzimbraCalResType: Ship\n"
                .to_owned(),
            FAILURE,
            20,
            "r@example.com",
            "\"ship\"",
        ),
        (
            "a class of service twice",
            "dn: cn=crew,cn=cos\nobjectClass: zimbraCOS\ncn: Crew\n".to_owned(),
            FAILURE,
            20,
            "Crew",
            "has this name",
        ),
        (
            "a domain twice",
            "dn: dc=example,dc=com,o=x\nobjectClass: zimbraDomain\nzimbraDomainName: example.com\n".to_owned(),
            FAILURE,
            20,
            "example.com",
            "declares this domain",
        ),
        ("two passwords", account("bo@example.com", "userPassword: {A}x\nuserPassword: {SSHA}x"), NOTE, 20, "bo", "first"),
        ("forward", account("bo@example.com", "zimbraPrefMailForwardingAddress: x"), FAILURE, 20, "bo", "\"x\""),
        (
            "two catch-alls",
            account("bo@example.com", "zimbraMailCatchAllAddress: @example.com")
                + &account("cy@example.com", "zimbraMailCatchAllAddress: @example.com"),
            FAILURE,
            26,
            "cy@example.com",
            "so does bo@example.com",
        ),
        (
            "alias domain of nothing",
            "dn: dc=example,dc=org\nobjectClass: zimbraDomain\nzimbraDomainType: alias\nzimbraDomainAliasTargetId: id-x\n"
                .to_owned(),
            FAILURE,
            20,
            "example.org",
            "\"id-x\"",
        ),
        (
            "change",
            "dn: uid=anna,ou=people,dc=example,dc=com\nchangetype: delete\n".to_owned(),
            FAILURE,
            20,
            "uid=anna,ou=people,dc=example,dc=com",
            "(delete)",
        ),
        (
            "dynamic list by a search",
            "dn: cn=d,cn=groups,dc=example,dc=com\nobjectClass: zimbraGroup\ncn: d\nmail: d@example.com\nzimbraId: id-d\n\
             memberURL: ldap:///??sub?(l=Kiel)\n"
                .to_owned(),
            FAILURE,
            20,
            "d@example.com",
            "dynamic list",
        ),
        ("no object class", "dn: cn=x,dc=example,dc=com\ncn: x\n".to_owned(), NOTE, 20, "cn=x,dc=example,dc=com", "object class"),
        (
            "URL",
            account("bo@example.com", "jpegPhoto:< file:///photo.jpg"),
            FAILURE,
            24,
            "uid=bo,ou=people,dc=example,dc=com",
            "jpegPhoto is at a URL",
        ),
    ];
    for (name, more, severity, line, item, reason) in table {
        let (_, findings) = with(&more);
        assert_eq!(findings.len(), 1, "{name}: {findings:?}");
        let finding = &findings[0];
        assert_eq!((finding.severity, finding.place.line), (severity, line), "{name}: {finding}");
        assert!(finding.item.starts_with(item), "{name}: {finding}");
        assert!(finding.reason.contains(reason), "{name}: {finding}");
    }
}

#[test]
fn the_rest_goes_on() {
    let (directory, findings) = with(&(account("bo@example.com", "cn:: %") + &account("cy@example.com", "")));
    assert_eq!(findings.len(), 1);
    let names: Vec<_> = directory.accounts.iter().map(|account| account.address.as_str()).collect();
    assert_eq!(names, ["anna@example.com", "cy@example.com"]);
}

#[test]
fn latin_1_is_decoded_and_noted() {
    let mut bytes =
        format!("{BASE}dn: uid=bo,ou=people,dc=example,dc=com\nobjectClass: zimbraAccount\n").into_bytes();
    bytes.extend_from_slice(b"mail: bo@example.com\ndisplayName: Bo \xC5berg\n");
    let (directory, findings) = Directory::read([("test.ldif", bytes.as_slice())]);
    assert_eq!(directory.accounts[1].display_name.as_deref(), Some("Bo \u{c5}berg"));
    assert_eq!(directory.accounts[1].entry.get("displayName"), Some("Bo \u{c5}berg".as_bytes()));
    assert_eq!(findings.len(), 1);
    assert!(findings[0].severity == Severity::Note && findings[0].reason.contains("Latin-1"));
}

#[test]
fn a_missing_version_is_noted_once_a_file() {
    let text = BASE.strip_prefix("version: 1\n\n").unwrap();
    let (_, findings) = read(text);
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].severity, findings[0].place.line), (Severity::Note, 1));
}

#[test]
fn references_across_files() {
    let rest = account("bo@example.com", "zimbraCOSId: id-crew")
        + &list("zimbraMailForwardingAddress: anna@example.com");
    let rest = format!("version: 1\n{rest}");
    let (directory, findings) = Directory::read([("b.ldif", rest.as_bytes()), ("a.ldif", BASE.as_bytes())]);
    assert_eq!(findings, []);
    assert_eq!(directory.accounts[0].class.as_deref(), Some("crew"));
    assert_eq!(directory.lists[0].members.len(), 1);
}

#[test]
fn containers_may_come_again() {
    let container = "dn: dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: com\no: com\n\n";
    let people = "dn: ou=people,dc=example,dc=com\nobjectClass: organizationalRole\ncn: people\n\n";
    let (_, findings) = with(&[container, people, container, people].concat());
    assert_eq!(findings, []);
}

#[test]
fn the_fixed_id_of_the_default_class_needs_no_entry() {
    let (directory, findings) =
        with(&account("bo@example.com", "zimbraCOSId: e00428a1-0c00-11d9-836a-000d93afea2a"));
    assert_eq!(findings, []);
    assert_eq!(directory.accounts[1].class.as_deref(), Some("default"));
}

#[test]
fn a_dynamic_list_by_the_default_search_is_read() {
    let list = |url: &str| {
        format!(
            "dn: cn=d,cn=groups,dc=example,dc=com\nobjectClass: zimbraGroup\ncn: d\nmail: d@example.com\nzimbraId: id-d\n\
             memberURL: {url}\n"
        )
    };
    let member = account("bo@example.com", "zimbraMemberOf: id-d");
    let (directory, _) = with(&(list("ldap:///??sub?(zimbraMemberOf=id-d)") + "\n" + &member));
    assert_eq!(directory.lists[0].members, [address("bo@example.com")]);
    let (directory, _) = with(&(list("ldap:///??sub?(&(zimbraMemberOf=id-d)(l=Kiel))") + "\n" + &member));
    assert!(directory.lists.is_empty(), "a narrower search is not this one");
}

#[test]
fn debug_shows_no_secret() {
    let (directory, _) = read(RIGHT);
    let shown = format!("{directory:?}");
    assert!(shown.contains("SSHA512") && !shown.contains("c2VjcmV0") && !shown.contains("$salt$"));
}
