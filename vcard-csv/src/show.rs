//! A contact as data for other programs: its typed view, and the properties that the view does not show.

use crate::contact::Contact;
use crate::property::Property;
use serde::ser::{Serialize, SerializeStruct, Serializer};

impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let others: Vec<&Property> = self.others().collect();
        let mut shown = serializer.serialize_struct("Contact", 19)?;
        shown.serialize_field("uid", self.uid())?;
        shown.serialize_field("place", &self.place().to_string())?;
        shown.serialize_field("display_name", &self.display_name())?;
        shown.serialize_field("name", &self.name())?;
        shown.serialize_field("nicknames", &self.nicknames())?;
        shown.serialize_field("organisation", &self.organisation())?;
        shown.serialize_field("title", &self.title())?;
        shown.serialize_field("emails", &self.emails())?;
        shown.serialize_field("phones", &self.phones())?;
        shown.serialize_field("addresses", &self.addresses())?;
        shown.serialize_field("urls", &self.urls())?;
        shown.serialize_field("messengers", &self.messengers())?;
        shown.serialize_field("birthday", &self.birthday())?;
        shown.serialize_field("anniversary", &self.anniversary())?;
        shown.serialize_field("notes", &self.notes())?;
        shown.serialize_field("categories", &self.categories())?;
        shown.serialize_field("members", &self.members())?;
        shown.serialize_field("photo", &self.photo())?;
        shown.serialize_field("others", &others)?;
        shown.end()
    }
}
