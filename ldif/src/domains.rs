//! Classes of service and domains, which everything else refers to.

use std::collections::BTreeMap;

use crate::field::View;
use crate::model::{ClassOfService, Domain, DomainKind};
use crate::survey::{DomainFacts, Survey};

/// Takes the classes of service.
pub(crate) fn classes<'a>(views: impl Iterator<Item = View<'a>>, survey: &mut Survey) {
    for view in views {
        let Some(name) = view.text(&["cn"]) else {
            survey.findings.failure(
                view.place(),
                &view.entry().dn,
                "a class of service without a name; left out",
            );
            continue;
        };
        if survey.class(&name).is_some() {
            survey.findings.failure(view.place(), &name, "another class of service has this name; left out");
            continue;
        }
        let quota = view.quota(&name, &mut survey.findings);
        let id = view.text(view.fields.id);
        let index = survey.directory.classes.len();
        survey.class_names.insert(name.to_lowercase(), index);
        if let Some(id) = &id {
            survey.class_ids.entry(id.clone()).or_insert(index);
        }
        let (entry, place) = (view.entry().clone(), view.place().clone());
        survey.directory.classes.push(ClassOfService { name, id, quota, entry, place });
    }
}

/// Takes the domains, then the alias domains, whose target may come later in the files.
pub(crate) fn domains<'a>(views: impl Iterator<Item = View<'a>>, survey: &mut Survey) {
    let mut named: Vec<(String, View<'a>)> = Vec::new();
    for view in views {
        named.extend(view.domain_name(&mut survey.findings).map(|name| (name, view)));
    }
    let ids: BTreeMap<String, String> =
        named.iter().filter_map(|(name, view)| Some((view.text(view.fields.id)?, name.clone()))).collect();
    for (name, view) in named {
        if survey.domains.contains_key(&name) {
            survey.findings.failure(view.place(), &name, "another entry declares this domain; left out");
            continue;
        }
        let Some(kind) = kind(view, &name, &ids, survey) else { continue };
        let reference = view.text(view.fields.class_of_domain);
        let class = reference.and_then(|reference| survey.class_named(&reference, view.place(), &name));
        let alias_of = match &kind {
            DomainKind::Alias { target } => Some(target.clone()),
            DomainKind::Local => None,
        };
        let index = survey.directory.domains.len();
        survey.domains.insert(name.clone(), DomainFacts { index, class, alias_of, catch_all: false });
        let (entry, place) = (view.entry().clone(), view.place().clone());
        survey.directory.domains.push(Domain { name, kind, catch_all: None, entry, place });
    }
}

fn kind(
    view: View<'_>,
    name: &str,
    ids: &BTreeMap<String, String>,
    survey: &mut Survey,
) -> Option<DomainKind> {
    if !view.text(view.fields.domain_type).is_some_and(|kind| kind.eq_ignore_ascii_case("alias")) {
        return Some(DomainKind::Local);
    }
    let id = view.text(view.fields.domain_target).unwrap_or_default();
    match ids.get(&id) {
        Some(target) if target != name => Some(DomainKind::Alias { target: target.clone() }),
        _ => {
            let reason =
                format!("an alias domain, but no domain has the id {id:?} that it is to mean; left out");
            survey.findings.failure(view.place(), name, reason);
            None
        }
    }
}
