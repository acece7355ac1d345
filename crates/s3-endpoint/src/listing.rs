//! Pages of keys and versions: prefix, delimiter, where to go on.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::journal::{Content, ObjectVersion};

/// What a listing asks for.
#[derive(Debug, Default, Clone)]
pub(crate) struct Query {
    pub prefix: String,
    /// Empty for none.
    pub delimiter: String,
    /// Keys (and common prefixes) must come after this one.
    pub after: String,
    pub limit: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Page<T> {
    pub items: Vec<T>,
    pub common_prefixes: BTreeSet<String>,
    /// The last key or common prefix of this page when there are more.
    pub next_after: Option<String>,
}

/// One current object of a listing.
#[derive(Debug)]
pub(crate) struct Listed {
    pub key: String,
    pub modified_ms: i64,
    pub content: Content,
}

/// One version of a listing of versions.
#[derive(Debug)]
pub(crate) struct ListedVersion {
    pub key: String,
    pub version: ObjectVersion,
    pub is_latest: bool,
}

impl Catalog {
    /// A page of the current objects, in byte order of keys.
    pub(crate) fn list(&self, query: &Query) -> Page<Listed> {
        self.page(query, |key, versions, items| {
            let Some(ObjectVersion {
                content: Some(content),
                modified_ms,
                ..
            }) = versions.last()
            else {
                return false;
            };
            items.push(Listed {
                key: key.to_owned(),
                modified_ms: *modified_ms,
                content: content.clone(),
            });
            true
        })
    }

    /// A page of all versions, newest first within a key; the versions of one key are never split over pages.
    pub(crate) fn list_versions(&self, query: &Query) -> Page<ListedVersion> {
        self.page(query, |key, versions, items| {
            for (at, version) in versions.iter().rev().enumerate() {
                items.push(ListedVersion {
                    key: key.to_owned(),
                    version: version.clone(),
                    is_latest: at == 0,
                });
            }
            true
        })
    }

    /// Walks the keys; `take` adds the items of a key and says whether there were any.
    fn page<T>(
        &self,
        query: &Query,
        take: impl Fn(&str, &[ObjectVersion], &mut Vec<T>) -> bool,
    ) -> Page<T> {
        let mut page = Page {
            items: Vec::new(),
            common_prefixes: BTreeSet::new(),
            next_after: None,
        };
        if query.limit == 0 {
            return page;
        }
        let mut last = String::new();
        let mut scratch = Vec::new();
        for (key, versions) in self.keys_from(query.prefix.as_str().max(query.after.as_str())) {
            if !key.starts_with(&query.prefix) {
                if key > query.prefix.as_str() {
                    break;
                }
                continue;
            }
            let rest = &key[query.prefix.len()..];
            let group = rest
                .find(&query.delimiter)
                .filter(|_| !query.delimiter.is_empty())
                .map(|at| &key[..query.prefix.len() + at + query.delimiter.len()]);
            let place = group.unwrap_or(key);
            let is_behind = place <= query.after.as_str() || key <= query.after.as_str();
            if is_behind || group.is_some_and(|group| page.common_prefixes.contains(group)) {
                continue;
            }
            scratch.clear();
            if !take(key, versions, &mut scratch) {
                continue;
            }
            if page.items.len() + page.common_prefixes.len() >= query.limit {
                page.next_after = Some(last);
                break;
            }
            match group {
                Some(group) => {
                    page.common_prefixes.insert(group.to_owned());
                }
                None => page.items.append(&mut scratch),
            }
            place.clone_into(&mut last);
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::journal::Record;

    fn catalog(keys: &[String]) -> Catalog {
        let mut catalog = Catalog::default();
        for key in keys {
            let version = Box::new(ObjectVersion {
                version_id: "null".into(),
                modified_ms: 0,
                content: Some(Content::default()),
            });
            catalog.apply(Record::Put {
                key: key.clone(),
                version,
            });
        }
        catalog
    }

    fn all_pages(catalog: &Catalog, mut query: Query) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut prefixes) = (Vec::new(), Vec::new());
        loop {
            let page = catalog.list(&query);
            assert!(page.items.len() + page.common_prefixes.len() <= query.limit);
            keys.extend(page.items.into_iter().map(|item| item.key));
            prefixes.extend(page.common_prefixes);
            match page.next_after {
                Some(next) => query.after = next,
                None => return (keys, prefixes),
            }
        }
    }

    #[test]
    fn delimiters_fold_keys_into_prefixes() {
        let keys = ["a.q", "lib/u.q", "lib/v.q", "lib2/w.q", "z"].map(String::from);
        let query = Query {
            delimiter: "/".into(),
            limit: 1,
            ..Query::default()
        };
        assert_eq!(
            all_pages(&catalog(&keys), query),
            (
                vec!["a.q".into(), "z".into()],
                vec!["lib/".into(), "lib2/".into()]
            )
        );
        let below = Query {
            prefix: "lib/".into(),
            delimiter: "/".into(),
            limit: 10,
            ..Query::default()
        };
        assert_eq!(all_pages(&catalog(&keys), below).0, ["lib/u.q", "lib/v.q"]);
    }

    proptest! {
        #[test]
        fn pages_together_are_the_whole(
            keys in proptest::collection::btree_set("[ab/]{1,6}", 0..40),
            prefix in "[ab/]{0,2}",
            limit in 1usize..5,
            with_delimiter in any::<bool>(),
        ) {
            let keys: Vec<String> = keys.into_iter().collect();
            let delimiter = if with_delimiter { "/" } else { "" };
            let query = Query { prefix: prefix.clone(), delimiter: delimiter.into(), limit, ..Query::default() };
            let (found, prefixes) = all_pages(&catalog(&keys), query);
            let matching = keys.iter().filter(|key| key.starts_with(&prefix));
            let (mut plain, mut folded) = (Vec::new(), BTreeSet::new());
            for key in matching {
                match key[prefix.len()..].find('/').filter(|_| with_delimiter) {
                    Some(at) => { folded.insert(key[..=prefix.len() + at].to_owned()); }
                    None => plain.push(key.clone()),
                }
            }
            prop_assert_eq!(found, plain);
            prop_assert_eq!(prefixes, folded.into_iter().collect::<Vec<_>>());
        }
    }
}
