//! How servers write a mail directory, as data: which object class is what, and which attribute says what.
//!
//! A further server is a further table here, and no code elsewhere.

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    Account,
    Alias,
    Class,
    /// Holds other entries and says nothing of its own.
    Container,
    Domain,
    DynamicList,
    List,
    Resource,
    /// Belongs to the old server itself.
    Server,
    /// Part of an account that the model has no type for.
    Signature,
    Identity,
    DataSource,
}

/// One server's way to write a directory. Where several attributes are named, the first that is there counts.
pub(crate) struct Vocabulary {
    /// Object class and what it makes of an entry; the first that the entry has counts.
    pub(crate) classes: &'static [(&'static str, Shape)],
    pub(crate) fields: Fields,
}

/// Which attribute says what.
pub(crate) struct Fields {
    /// The primary address.
    pub(crate) address: &'static [&'static str],
    /// All further addresses, from every one of these.
    pub(crate) aliases: &'static [&'static str],
    /// The object classes of an alias entry.
    pub(crate) alias_classes: &'static [&'static str],
    pub(crate) alias_target: &'static [&'static str],
    pub(crate) catch_all: &'static [&'static str],
    pub(crate) class: &'static [&'static str],
    pub(crate) class_of_domain: &'static [&'static str],
    pub(crate) display_name: &'static [&'static str],
    pub(crate) domain_name: &'static [&'static str],
    pub(crate) domain_target: &'static [&'static str],
    /// `alias` for another name of a domain.
    pub(crate) domain_type: &'static [&'static str],
    pub(crate) forward: &'static [&'static str],
    /// True when forwarded mail does not stay here.
    pub(crate) forward_only: &'static [&'static str],
    pub(crate) hidden_forward: &'static [&'static str],
    pub(crate) id: &'static [&'static str],
    /// The local part where no attribute gives the whole address; the domain is then that of the name's `dc` parts.
    pub(crate) local: &'static [&'static str],
    pub(crate) member: &'static [&'static str],
    /// On an account: the ids of the dynamic lists it is in.
    pub(crate) member_of: &'static [&'static str],
    pub(crate) member_url: &'static [&'static str],
    pub(crate) password: &'static [&'static str],
    pub(crate) quota: &'static [&'static str],
    pub(crate) resource_type: &'static [&'static str],
    pub(crate) status: &'static [&'static str],
    /// True on accounts that belong to the server.
    pub(crate) system: &'static [&'static str],
}

/// The tables in the order in which they are asked.
pub(crate) const VOCABULARIES: [&Vocabulary; 2] = [&ZIMBRA, &PLAIN];

/// Zimbra and Carbonio.
const ZIMBRA: Vocabulary = Vocabulary {
    classes: &[
        ("zimbraCalendarResource", Shape::Resource),
        ("zimbraAlias", Shape::Alias),
        ("zimbraDistributionList", Shape::List),
        ("zimbraGroup", Shape::DynamicList),
        ("zimbraGroupDynamicUnit", Shape::Container),
        ("zimbraGroupStaticUnit", Shape::Container),
        ("zimbraDomain", Shape::Domain),
        ("zimbraCOS", Shape::Class),
        ("zimbraSignature", Shape::Signature),
        ("zimbraIdentity", Shape::Identity),
        ("zimbraDataSource", Shape::DataSource),
        ("zimbraAccount", Shape::Account),
        ("zimbraGlobalConfig", Shape::Server),
        ("zimbraServer", Shape::Server),
        ("zimbraAlwaysOnCluster", Shape::Server),
        ("zimbraUCService", Shape::Server),
        ("zimbraMimeEntry", Shape::Server),
        ("zimbraZimletEntry", Shape::Server),
        ("zimbraXMPPComponent", Shape::Server),
        ("zimbraShareLocator", Shape::Server),
    ],
    fields: Fields {
        address: &["zimbraMailDeliveryAddress", "mail"],
        aliases: &["zimbraMailAlias", "mail"],
        alias_classes: &["zimbraAlias", "zimbraMailRecipient"],
        alias_target: &["zimbraAliasTargetId"],
        catch_all: &["zimbraMailCatchAllAddress"],
        class: &["zimbraCOSId"],
        class_of_domain: &["zimbraDomainDefaultCOSId"],
        display_name: &["displayName", "cn"],
        domain_name: &["zimbraDomainName"],
        domain_target: &["zimbraDomainAliasTargetId"],
        domain_type: &["zimbraDomainType"],
        forward: &["zimbraPrefMailForwardingAddress"],
        forward_only: &["zimbraPrefMailLocalDeliveryDisabled"],
        hidden_forward: &["zimbraMailForwardingAddress"],
        id: &["zimbraId"],
        local: &["uid", "cn"],
        member: &["zimbraMailForwardingAddress"],
        member_of: &["zimbraMemberOf"],
        member_url: &["memberURL"],
        password: &["userPassword"],
        quota: &["zimbraMailQuota"],
        resource_type: &["zimbraCalResType"],
        status: &["zimbraAccountStatus"],
        system: &["zimbraIsSystemAccount", "zimbraIsSystemResource"],
    },
};

/// Any directory of people: inetOrgPerson (RFC 2798) and posixAccount (RFC 2307), with the containers of all.
const PLAIN: Vocabulary = Vocabulary {
    classes: &[
        ("inetOrgPerson", Shape::Account),
        ("posixAccount", Shape::Account),
        ("organizationalUnit", Shape::Container),
        ("organizationalRole", Shape::Container),
        ("dcObject", Shape::Container),
        ("domain", Shape::Container),
        ("organization", Shape::Container),
        ("locality", Shape::Container),
        ("country", Shape::Container),
    ],
    fields: Fields {
        address: &["mail"],
        aliases: &["mail"],
        alias_classes: &[],
        alias_target: &[],
        catch_all: &[],
        class: &[],
        class_of_domain: &[],
        display_name: &["displayName", "cn"],
        domain_name: &[],
        domain_target: &[],
        domain_type: &[],
        forward: &[],
        forward_only: &[],
        hidden_forward: &[],
        id: &[],
        local: &[],
        member: &[],
        member_of: &[],
        member_url: &[],
        password: &["userPassword"],
        quota: &[],
        resource_type: &[],
        status: &[],
        system: &[],
    },
};

/// Kept by the server for itself and written by `slapcat`: never part of an entry that is carried over.
pub const OPERATIONAL: [&str; 15] = [
    "contextCSN",
    "createTimestamp",
    "creatorsName",
    "entryCSN",
    "entryDN",
    "entryUUID",
    "hasSubordinates",
    "modifiersName",
    "modifyTimestamp",
    "pwdChangedTime",
    "pwdFailureTime",
    "pwdHistory",
    "structuralObjectClass",
    "subschemaSubentry",
    "numSubordinates",
];

/// Attributes that are text by their definition: when one is not UTF-8 it is read as Latin-1.
pub(crate) const TEXT: [&str; 29] = [
    "cn",
    "co",
    "company",
    "dc",
    "department",
    "description",
    "displayName",
    "givenName",
    "homePostalAddress",
    "initials",
    "l",
    "mail",
    "o",
    "ou",
    "physicalDeliveryOfficeName",
    "postalAddress",
    "roomNumber",
    "sn",
    "st",
    "street",
    "title",
    "uid",
    "zimbraMailAlias",
    "zimbraMailDeliveryAddress",
    "zimbraMailForwardingAddress",
    "zimbraNotes",
    "zimbraPrefFromDisplay",
    "zimbraPrefMailForwardingAddress",
    "zimbraPrefMailSignature",
];

/// Attributes whose values are addresses, in which a blank at either end is a slip.
pub(crate) const ADDRESSES: [&str; 5] = [
    "mail",
    "zimbraMailAlias",
    "zimbraMailDeliveryAddress",
    "zimbraMailForwardingAddress",
    "zimbraPrefMailForwardingAddress",
];

/// The local parts of accounts that Zimbra and Carbonio make for themselves, up to the dot.
pub(crate) const SYSTEM_ACCOUNTS: [&str; 4] = ["galsync", "ham", "spam", "virus-quarantine"];

/// The id that the class of service named `default` has on every Zimbra and Carbonio.
pub(crate) const DEFAULT_CLASS_ID: &str = "e00428a1-0c00-11d9-836a-000d93afea2a";

/// The name of the class of service that accounts have when nothing else says so.
pub(crate) const DEFAULT_CLASS: &str = "default";

/// Below this name (folded) the old server keeps what belongs to itself.
pub(crate) const SERVER_ROOT: &str = "cn=zimbra";
