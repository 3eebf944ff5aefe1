//! Mailboxes are made and subscribed to.

use crate::*;

const USES: &str = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 CREATE \"Sent\" (USE (\\Sent))
C: m3 CREATE \"there\"
C: m4 CREATE \"refused\"
S: m2 NO [USEATTR] not that
S: m3 NO [ALREADYEXISTS] it is there
S: m4 NO not you
C: m5 CREATE \"Sent\"
S: m5 OK
";

#[test]
fn a_use_that_is_refused_costs_no_folder_and_one_that_is_there_is_no_fault() {
    target("CREATE-SPECIAL-USE", USES, async |mut target| {
        let folder = |name: &str| Folder::new(FolderName::from_text([name]));
        let sent = Folder { special: Some(SpecialUse::Sent), ..folder("Sent") };
        let made = target.create(&[sent, folder("there"), folder("refused")]).await.unwrap();
        assert!(made[0].is_ok() && made[1].is_ok(), "{made:?}");
        assert!(made[2].as_ref().unwrap_err().to_string().contains("not you"));
    });
}

#[test]
fn no_use_is_named_to_a_server_that_cannot_keep_it() {
    let script = "C: m1 LIST \"\" \"\"
S: * LIST () \"/\" \"\"
S: m1 OK
C: m2 CREATE \"Sent\"
S: m2 OK
C: m3 SUBSCRIBE \"Sent\"
C: m4 SUBSCRIBE \"other\"
S: m3 NO not you
S: m4 OK
";
    target("SPECIAL-USE", script, async |mut target| {
        let names = ["Sent", "other"].map(|name| FolderName::from_text([name]));
        let sent = Folder { special: Some(SpecialUse::Sent), ..Folder::new(names[0].clone()) };
        assert!(target.create(&[sent]).await.unwrap()[0].is_ok());
        let done = target.subscribe(&names).await.unwrap();
        assert!(done[0].is_err() && done[1].is_ok());
    });
}
