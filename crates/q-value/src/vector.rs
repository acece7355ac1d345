//! Shared vectors: owned memory or part of a mapped file, with an attribute; copied only when somebody else holds them.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use once_cell::race::OnceBox;

use crate::{Attribute, Element, Guid, Symbol};

/// Bytes that something else keeps alive, such as a mapped file.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// A vector of items. Cloning shares; [`Vector::make_mut`] copies only when shared or mapped.
pub struct Vector<T>(Arc<Inner<T>>);

/// Kept small, for each string of a list has one.
struct Inner<T> {
    attribute: Attribute,
    items: Items<T>,
    /// Look-up structure of an attribute, built by q-kernels on first use; dropped when the items change.
    index: OnceBox<Arc<dyn Any + Send + Sync>>,
}

enum Items<T> {
    Owned(Vec<T>),
    Mapped(Box<Mapped<T>>),
}

struct Mapped<T> {
    _owner: Bytes,
    start: *const T,
    count: usize,
}

// SAFETY: a mapped vector is a read-only view of bytes that `_owner`, itself Send + Sync, keeps alive and unmoved.
unsafe impl<T: Send + Sync> Send for Mapped<T> {}
// SAFETY: as above; nothing writes through `start`.
unsafe impl<T: Send + Sync> Sync for Mapped<T> {}

/// Item types of which every bit pattern is valid, so that file bytes can be read in place.
///
/// # Safety
/// Implementors have no padding, no invalid bit patterns and no pointers.
pub unsafe trait PlainItem: Copy {}
// SAFETY: integers, floats and byte arrays accept every bit pattern.
unsafe impl PlainItem for u8 {}
// SAFETY: as above.
unsafe impl PlainItem for i16 {}
// SAFETY: as above.
unsafe impl PlainItem for i32 {}
// SAFETY: as above.
unsafe impl PlainItem for i64 {}
// SAFETY: as above.
unsafe impl PlainItem for f32 {}
// SAFETY: as above.
unsafe impl PlainItem for f64 {}
// SAFETY: as above.
unsafe impl PlainItem for Guid {}

impl<T> Vector<T> {
    pub fn new(items: Vec<T>) -> Vector<T> {
        Vector(Arc::new(Inner {
            attribute: Attribute::None,
            items: Items::Owned(items),
            index: OnceBox::new(),
        }))
    }

    pub fn as_slice(&self) -> &[T] {
        match &self.0.items {
            Items::Owned(items) => items,
            // SAFETY: `mapped` checked bounds and alignment, and the owner is held by the same allocation.
            Items::Mapped(mapped) => unsafe {
                std::slice::from_raw_parts(mapped.start, mapped.count)
            },
        }
    }

    pub fn attribute(&self) -> Attribute {
        self.0.attribute
    }

    /// True when nobody else holds these items and they are not part of a file, so that writing copies nothing.
    pub fn is_unshared(&self) -> bool {
        Arc::strong_count(&self.0) == 1 && matches!(self.0.items, Items::Owned(_))
    }

    pub fn reference_count(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    /// True when both are the very same memory.
    pub fn is_same(&self, other: &Vector<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The look-up structure of the attribute, made by `build` when there is none yet.
    pub fn index_or_build(
        &self,
        build: impl FnOnce() -> Arc<dyn Any + Send + Sync>,
    ) -> &Arc<dyn Any + Send + Sync> {
        self.0.index.get_or_init(|| Box::new(build()))
    }

    pub fn index(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.index.get()
    }
}

impl<T> Vector<T> {
    /// The contents of a vector that nobody else holds.
    #[inline]
    fn unshared(&mut self) -> &mut Inner<T> {
        assert!(Arc::strong_count(&self.0) == 1, "the caller has copied it");
        // what the last other holder did to the contents has happened before
        fence(Ordering::Acquire);
        // JUSTIFICATION: `Arc::get_mut` locks the count of weak references, a third of the time of a write to one item.
        // SAFETY: no weak reference is ever made of this Arc, so that one strong reference, held exclusively, is the only
        // way to the contents.
        unsafe { &mut *Arc::as_ptr(&self.0).cast_mut() }
    }
}

impl<T: Clone> Vector<T> {
    /// The items for writing; copies first when they are shared or mapped. The attribute and its index are dropped.
    pub fn make_mut(&mut self) -> &mut Vec<T> {
        if !self.is_unshared() {
            *self = Vector::new(self.as_slice().to_vec());
        }
        let inner = self.unshared();
        inner.attribute = Attribute::None;
        if inner.index.get().is_some() {
            inner.index = OnceBox::new();
        }
        match &mut inner.items {
            Items::Owned(items) => items,
            Items::Mapped(_) => unreachable!("unshared means owned"),
        }
    }

    /// As [`Vector::make_mut`], but keeps attribute and index: for callers that keep both true themselves.
    /// The index is handed out for updating; put it back with [`Vector::set_index`].
    pub fn make_mut_keeping_attribute(
        &mut self,
    ) -> (&mut Vec<T>, Option<Arc<dyn Any + Send + Sync>>) {
        let attribute = self.0.attribute;
        if !self.is_unshared() {
            *self = Vector::new(self.as_slice().to_vec());
        }
        let inner = self.unshared();
        inner.attribute = attribute;
        let index = inner.index.get().cloned();
        if index.is_some() {
            inner.index = OnceBox::new();
        }
        match &mut inner.items {
            Items::Owned(items) => (items, index),
            Items::Mapped(_) => unreachable!("unshared means owned"),
        }
    }

    /// Puts an index back after [`Vector::make_mut_keeping_attribute`]; ignored when the vector is shared by now.
    pub fn set_index(&mut self, index: Arc<dyn Any + Send + Sync>) {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.index = OnceBox::with_value(Box::new(index));
        }
    }

    /// The same items with another attribute; the caller has checked that it is true of them. Copies only when shared.
    pub fn with_attribute(mut self, attribute: Attribute) -> Vector<T> {
        if self.0.attribute == attribute {
            return self;
        }
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.attribute = attribute;
            inner.index = OnceBox::new();
            return self;
        }
        let items = match &self.0.items {
            Items::Owned(items) => Items::Owned(items.clone()),
            Items::Mapped(mapped) => Items::Mapped(Box::new(Mapped {
                _owner: Arc::clone(&mapped._owner),
                ..**mapped
            })),
        };
        Vector(Arc::new(Inner {
            attribute,
            items,
            index: OnceBox::new(),
        }))
    }

    /// The items as a `Vec`, without copying when unshared.
    pub fn into_vec(self) -> Vec<T> {
        match Arc::try_unwrap(self.0) {
            Ok(Inner {
                items: Items::Owned(items),
                ..
            }) => items,
            Ok(inner) => Vector(Arc::new(inner)).as_slice().to_vec(),
            Err(shared) => Vector(shared).as_slice().to_vec(),
        }
    }
}

impl<T: PlainItem> Vector<T> {
    /// A view of `count` items that start at byte `offset` of `owner`; copied when the place is not aligned.
    /// `None` when they do not fit into the bytes.
    pub fn mapped(owner: &Bytes, offset: usize, count: usize) -> Option<Vector<T>> {
        let bytes = (**owner).as_ref();
        let length = count.checked_mul(size_of::<T>())?;
        let part = bytes.get(offset..offset.checked_add(length)?)?;
        let start = part.as_ptr().cast::<T>();
        if !start.is_aligned() {
            let mut items = Vec::with_capacity(count);
            for chunk in part.chunks_exact(size_of::<T>()) {
                // SAFETY: the chunk has exactly the size of T, and every bit pattern of a PlainItem is valid.
                items.push(unsafe { chunk.as_ptr().cast::<T>().read_unaligned() });
            }
            return Some(Vector::new(items));
        }
        let items = Items::Mapped(Box::new(Mapped {
            _owner: Arc::clone(owner),
            start,
            count,
        }));
        Some(Vector(Arc::new(Inner {
            attribute: Attribute::None,
            items,
            index: OnceBox::new(),
        })))
    }

    /// The items as the bytes they are in memory (little-endian on every supported machine).
    pub fn as_raw_bytes(&self) -> &[u8] {
        let items = self.as_slice();
        // SAFETY: a PlainItem has no padding, so all its bytes are initialised; u8 has no alignment.
        unsafe { std::slice::from_raw_parts(items.as_ptr().cast::<u8>(), size_of_val(items)) }
    }
}

impl<T> Clone for Vector<T> {
    fn clone(&self) -> Vector<T> {
        Vector(Arc::clone(&self.0))
    }
}

impl<T> Deref for Vector<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T> From<Vec<T>> for Vector<T> {
    fn from(items: Vec<T>) -> Vector<T> {
        Vector::new(items)
    }
}

impl<T> FromIterator<T> for Vector<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Vector<T> {
        Vector::new(items.into_iter().collect())
    }
}

impl<T> Default for Vector<T> {
    fn default() -> Vector<T> {
        Vector::new(Vec::new())
    }
}

impl<T: fmt::Debug> fmt::Debug for Vector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Lets generic code name the element types that vectors hold.
impl<T: Element> Vector<T> {
    /// The item at `at`, or the null of the storage type.
    pub fn get_or_null(&self, at: usize) -> T {
        self.get(at).cloned().unwrap_or_else(T::null)
    }
}

const _: () = assert!(size_of::<Vector<Symbol>>() == 8);
// with its two counts a block of 56 bytes
const _: () = assert!(size_of::<Inner<u8>>() == 40);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_copies_only_what_is_shared() {
        let mut first = Vector::new(vec![1i64, 2, 3]);
        let before = first.as_ptr();
        first.make_mut()[0] = 9;
        assert_eq!(first.as_ptr(), before);
        let second = first.clone();
        first.make_mut()[0] = 7;
        assert_eq!((first[0], second[0]), (7, 9));
    }

    #[test]
    fn a_mapped_vector_reads_in_place_and_copies_on_write() {
        let owner: Bytes = Arc::new(
            7i64.to_le_bytes()
                .iter()
                .chain(&8i64.to_le_bytes())
                .copied()
                .collect::<Vec<u8>>(),
        );
        let mut mapped = Vector::<i64>::mapped(&owner, 0, 2).expect("fits");
        assert_eq!(&*mapped, &[7, 8]);
        mapped.make_mut()[1] = 1;
        assert_eq!(&*mapped, &[7, 1]);
        assert!(Vector::<i64>::mapped(&owner, 8, 2).is_none());
        assert_eq!(
            &*Vector::<i64>::mapped(&owner, 1, 1).expect("unaligned is copied"),
            &[i64::from_le_bytes([0, 0, 0, 0, 0, 0, 0, 8])]
        );
    }
}
