//! Global variables and namespaces.
//!
//! Each global has a slot with a number that compiled code refers to; a namespace is the set of slots whose names start
//! with its own. What q shows as a dictionary (`.a`, `` get `. ``) is made when it is asked for. A clone is a snapshot
//! that another thread can read: values are shared, not copied.

use std::collections::HashMap;
use std::sync::Arc;

use q_value::{Symbol, Value, Vector, domain};

use crate::view::View;

/// Number of a global's slot.
pub(crate) type GlobalId = u32;

/// All globals, by slot.
#[derive(Clone, Default)]
pub(crate) struct Globals {
    slots: Vec<Slot>,
    by_name: HashMap<Symbol, GlobalId>,
    /// The slot of `.z.vs`, once there is one.
    hook: Option<GlobalId>,
    /// Members of each namespace in the order they came, by the namespace's name with its dot (root: empty).
    members: HashMap<Symbol, Vec<GlobalId>>,
}

#[derive(Clone)]
struct Slot {
    name: Symbol,
    value: Option<Value>,
    view: Option<Arc<View>>,
    /// Views to be computed anew when this changes.
    dependents: Vec<GlobalId>,
}

/// The namespace a name belongs to (`.a` of `.a.b`, empty of a root variable), and the rest.
pub(crate) fn split_name(name: Symbol) -> (Symbol, Symbol) {
    let text = name.as_bytes();
    match text.iter().rposition(|byte| *byte == b'.') {
        Some(at) if at > 0 => (Symbol::new(&text[..at]), Symbol::new(&text[at + 1..])),
        _ => (Symbol::NULL, name),
    }
}

/// A name as seen from a namespace (without its dot, empty for the root): `x` in `a` is `.a.x`, `.b.x` stays.
pub(crate) fn qualify(namespace: Symbol, name: Symbol) -> Symbol {
    if namespace.is_null() || name.as_bytes().starts_with(b".") {
        return name;
    }
    let mut text = Vec::with_capacity(namespace.as_bytes().len() + name.as_bytes().len() + 2);
    text.push(b'.');
    text.extend_from_slice(namespace.as_bytes());
    text.push(b'.');
    text.extend_from_slice(name.as_bytes());
    Symbol::new(text)
}

impl Globals {
    /// The slot of a fully qualified name, made when missing.
    pub(crate) fn slot(&mut self, name: Symbol) -> GlobalId {
        if let Some(id) = self.by_name.get(&name) {
            return *id;
        }
        let id = GlobalId::try_from(self.slots.len()).expect("fewer globals than 2^32");
        self.slots.push(Slot {
            name,
            value: None,
            view: None,
            dependents: Vec::new(),
        });
        self.by_name.insert(name, id);
        if name.as_bytes() == b".z.vs" {
            self.hook = Some(id);
        }
        id
    }

    /// What `.z.vs` is set to.
    #[inline]
    pub(crate) fn write_hook(&self) -> Option<&Value> {
        self.hook.and_then(|id| self.get(id))
    }

    pub(crate) fn find(&self, name: Symbol) -> Option<GlobalId> {
        self.by_name.get(&name).copied()
    }

    pub(crate) fn name(&self, id: GlobalId) -> Symbol {
        self.slots[id as usize].name
    }

    /// The value standing in the slot; `None` also for namespaces, views not computed yet and system names.
    #[inline]
    pub(crate) fn get(&self, id: GlobalId) -> Option<&Value> {
        self.slots[id as usize].value.as_ref()
    }

    pub(crate) fn view(&self, id: GlobalId) -> Option<&Arc<View>> {
        self.slots[id as usize].view.as_ref()
    }

    /// The value in a slot for changing in place, when nothing else has to know of the change: no view, no enumeration
    /// over it, no hook.
    pub(crate) fn plain_mut(&mut self, id: GlobalId) -> Option<&mut Value> {
        if self.write_hook().is_some() {
            return None;
        }
        let slot = &mut self.slots[id as usize];
        if slot.view.is_some() || !slot.dependents.is_empty() || domain::is_bound(slot.name) {
            return None;
        }
        slot.value.as_mut()
    }

    /// Puts a value into a slot; a view there ends, views on it are stale.
    pub(crate) fn set(&mut self, id: GlobalId, value: Value) {
        let slot = &mut self.slots[id as usize];
        if slot.view.take().is_some() {
            self.forget_dependencies(id);
        }
        self.store(id, value);
    }

    /// Puts a value into a slot without ending a view there.
    pub(crate) fn store(&mut self, id: GlobalId, value: Value) {
        let slot = &mut self.slots[id as usize];
        if domain::is_bound(slot.name) {
            domain::bind(slot.name, value.clone());
        }
        let is_new = slot.value.is_none();
        slot.value = Some(value);
        if is_new {
            self.register(id);
        }
        self.invalidate(id);
    }

    /// Takes the value out, so that its next holder may write in place; put it back with [`Globals::store`].
    pub(crate) fn take(&mut self, id: GlobalId) -> Option<Value> {
        let slot = &mut self.slots[id as usize];
        let value = slot.value.take()?;
        if domain::is_bound(slot.name) {
            domain::bind(slot.name, Value::Identity);
        }
        Some(value)
    }

    /// Removes value and view.
    pub(crate) fn remove(&mut self, id: GlobalId) {
        let name = self.name(id);
        self.slots[id as usize].value = None;
        if domain::is_bound(name) {
            domain::bind(name, Value::Identity);
        }
        if self.slots[id as usize].view.take().is_some() {
            self.forget_dependencies(id);
        }
        let (space, _) = split_name(name);
        if let Some(members) = self.members.get_mut(&space) {
            members.retain(|member| *member != id);
        }
        if let Some(members) = self.members.remove(&name) {
            for member in members {
                self.remove(member);
            }
        }
        self.invalidate(id);
    }

    /// Makes the slot a view that depends on `dependencies`.
    pub(crate) fn set_view(&mut self, id: GlobalId, view: Arc<View>, dependencies: &[GlobalId]) {
        self.forget_dependencies(id);
        self.slots[id as usize].value = None;
        self.slots[id as usize].view = Some(view);
        for dependency in dependencies {
            let dependents = &mut self.slots[*dependency as usize].dependents;
            if !dependents.contains(&id) {
                dependents.push(id);
            }
        }
        self.register(id);
        self.invalidate(id);
    }

    fn forget_dependencies(&mut self, view: GlobalId) {
        for slot in &mut self.slots {
            slot.dependents.retain(|dependent| *dependent != view);
        }
    }

    /// Drops the computed values of all views on this slot, directly or through other views.
    fn invalidate(&mut self, id: GlobalId) {
        if self.slots[id as usize].dependents.is_empty() {
            return;
        }
        let mut pending = self.slots[id as usize].dependents.clone();
        while let Some(view) = pending.pop() {
            if view == id {
                continue;
            }
            let slot = &mut self.slots[view as usize];
            if slot.view.is_some() && slot.value.take().is_some() {
                pending.extend_from_slice(&slot.dependents.clone());
            }
        }
    }

    /// Enters a slot and its namespaces into the lists of members.
    fn register(&mut self, id: GlobalId) {
        let (space, _) = split_name(self.name(id));
        let members = self.members.entry(space).or_default();
        if members.contains(&id) {
            return;
        }
        members.push(id);
        if !space.is_null() {
            let parent = self.slot(space);
            self.register(parent);
        }
    }

    /// Makes a namespace exist before anything is in it.
    pub(crate) fn create_namespace(&mut self, name: Symbol) {
        if name.is_null() || name.as_bytes() == b"." {
            return;
        }
        self.members.entry(name).or_default();
        let id = self.slot(name);
        self.register(id);
    }

    /// True for names that have members (or were made empty) and no value of their own.
    pub(crate) fn is_namespace(&self, name: Symbol) -> bool {
        self.members.contains_key(&name)
            && self
                .find(name)
                .is_none_or(|id| self.slots[id as usize].value.is_none())
    }

    /// Slots of a namespace (with its dot, empty for the root) that hold something, in the order they came.
    pub(crate) fn members(&self, space: Symbol) -> Vec<GlobalId> {
        let Some(members) = self.members.get(&space) else {
            return Vec::new();
        };
        members
            .iter()
            .copied()
            .filter(|id| {
                let slot = &self.slots[*id as usize];
                slot.value.is_some() || slot.view.is_some() || self.members.contains_key(&slot.name)
            })
            .collect()
    }

    /// Names of the namespaces below the root, without the dot: `q`, `Q` and the like first, then as they came. The names
    /// of the system in `.z` are none (`basics/syscmds`, "Namespace").
    pub(crate) fn namespaces(&self) -> Vec<Symbol> {
        let mut names: Vec<Symbol> = self
            .members(Symbol::NULL)
            .into_iter()
            .map(|id| self.name(id))
            .filter(|name| name.as_bytes().starts_with(b".") && name.as_bytes().len() > 1)
            .map(|name| Symbol::new(&name.as_bytes()[1..]))
            .filter(|name| name.as_bytes() != b"z")
            .collect();
        let own: [&[u8]; 5] = [b"q", b"Q", b"o", b"h", b"j"];
        names.sort_by_key(|name| {
            let place = own.iter().position(|other| *other == name.as_bytes());
            place.unwrap_or(own.len())
        });
        names
    }

    /// All views, by name.
    pub(crate) fn views(&self) -> Vec<(Symbol, GlobalId)> {
        let mut views: Vec<(Symbol, GlobalId)> = self
            .slots
            .iter()
            .zip(0..)
            .filter(|(slot, _)| slot.view.is_some())
            .map(|(slot, id)| (slot.name, id))
            .collect();
        views.sort();
        views
    }

    /// The namespace as a dictionary: `::` under the empty name first, nested namespaces as dictionaries. Of the root
    /// only the plain variables, without the leading null.
    pub(crate) fn as_dictionary(&self, space: Symbol) -> Value {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        if !space.is_null() {
            names.push(Symbol::NULL);
            values.push(Value::Identity);
        }
        for id in self.members(space) {
            let slot = &self.slots[id as usize];
            if space.is_null() && slot.name.as_bytes().starts_with(b".") {
                continue;
            }
            let value = match &slot.value {
                _ if slot.view.is_some() => match &slot.view {
                    Some(view) => crate::view::as_value(view, Symbol::NULL),
                    None => continue,
                },
                Some(value) => value.clone(),
                None if self.members.contains_key(&slot.name) => self.as_dictionary(slot.name),
                None => continue,
            };
            let name = if space.is_null() {
                slot.name
            } else {
                split_name(slot.name).1
            };
            // `a.:(::)` makes the namespace by its empty name, which is there already
            if !space.is_null() && name.is_null() {
                values[0] = value;
                continue;
            }
            names.push(name);
            values.push(value);
        }
        let values = if space.is_null() {
            Value::from_items(values)
        } else {
            Value::list(values)
        };
        Value::dict(Value::Symbols(Vector::new(names)), values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_and_join() {
        let name = Symbol::new(".a.b.c");
        assert_eq!(split_name(name), (Symbol::new(".a.b"), Symbol::new("c")));
        assert_eq!(
            split_name(Symbol::new(".a")),
            (Symbol::NULL, Symbol::new(".a"))
        );
        assert_eq!(
            qualify(Symbol::new("a"), Symbol::new("x")),
            Symbol::new(".a.x")
        );
        assert_eq!(
            qualify(Symbol::new("a"), Symbol::new(".b.x")),
            Symbol::new(".b.x")
        );
    }

    #[test]
    fn a_namespace_lists_its_members_in_order() {
        let mut globals = Globals::default();
        for (name, value) in [(".a.z", 1), (".a.b", 2), (".a.n.m", 3)] {
            let id = globals.slot(Symbol::new(name));
            globals.set(id, Value::Long(value));
        }
        let Value::Dict(dict) = globals.as_dictionary(Symbol::new(".a")) else {
            panic!("a namespace is a dictionary")
        };
        assert!(dict.keys.is_identical(&Value::symbols(["", "z", "b", "n"])));
        assert_eq!(globals.namespaces(), vec![Symbol::new("a")]);
    }
}
