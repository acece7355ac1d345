//! The few loops every kernel is made of: map and zip, into new memory or in place.
//!
//! Each is compiled for the baseline, for AVX2 and for AVX-512, and the machine's kind is chosen at run time; large vectors
//! are split over threads, and results larger than any cache are streamed to memory. Debug builds, which do not
//! vectorise, have the baseline only.

use std::mem::MaybeUninit;

use q_value::Vector;

use crate::interrupt;
use crate::parallel::{self, ITEMS_PER_THREAD_MIN};
use crate::streaming;

/// Defines a function whose body is compiled for the baseline and for AVX2, with `wide fn` for AVX-512 besides. The body
/// must be plain slice loops: what it calls is inlined into all. Loops that only read gain nothing by wide registers:
/// vectors from files begin behind a header of 16 bytes, so that each load of 64 crosses a cache line.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident $generics:tt $arguments:tt -> $result:ty $body:block) => {
        $crate::loops::vectorised! { @for [Avx2 "avx2,bmi1,bmi2,popcnt,lzcnt"] $(#[$meta])* $vis fn $name $generics $generics $arguments $arguments -> $result $body }
    };
    ($(#[$meta:meta])* $vis:vis wide fn $name:ident $generics:tt $arguments:tt -> $result:ty $body:block) => {
        $crate::loops::vectorised! { @for [Avx512 "avx2,bmi1,bmi2,popcnt,lzcnt,avx512f,avx512bw,avx512dq,avx512vl" Avx2 "avx2,bmi1,bmi2,popcnt,lzcnt"] $(#[$meta])* $vis fn $name $generics $generics $arguments $arguments -> $result $body }
    };
    (@for [$($registers:ident $features:literal)*] $(#[$meta:meta])* $vis:vis fn $name:ident [$($generics:tt)*] $same_generics:tt
        ($($argument:ident : $type:ty),* $(,)?) $same_arguments:tt -> $result:ty $body:block) => {
        $(#[$meta])*
        $vis fn $name<$($generics)*>($($argument: $type),*) -> $result {
            #[inline(always)]
            fn body<$($generics)*>($($argument: $type),*) -> $result $body
            $($crate::loops::vectorised! { @at $registers $features $same_generics $same_arguments -> $result })*
            body($($argument),*)
        }
    };
    (@at $registers:ident $features:literal [$($generics:tt)*] ($($argument:ident : $type:ty),* $(,)?) -> $result:ty) => {
        #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
        if $crate::loops::registers() >= $crate::loops::Registers::$registers {
            #[target_feature(enable = $features)]
            fn with_registers<$($generics)*>($($argument: $type),*) -> $result { body($($argument),*) }
            // SAFETY: the features were found on this machine.
            return unsafe { with_registers($($argument),*) };
        }
    };
}
pub(crate) use vectorised;

/// The widest registers that a machine has.
#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Registers {
    Baseline,
    Avx2,
    Avx512,
}

/// What this machine has.
#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[inline]
pub(crate) fn registers() -> Registers {
    static FOUND: std::sync::OnceLock<Registers> = std::sync::OnceLock::new();
    *FOUND.get_or_init(|| {
        let has_avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("lzcnt");
        let has_avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match (has_avx2, has_avx512) {
            (true, true) => Registers::Avx512,
            (true, false) => Registers::Avx2,
            (false, _) => Registers::Baseline,
        }
    })
}

/// Items of an argument between two looks ahead: as many as stand in 512 bytes. Loops over so many have a length that the
/// compiler knows.
const fn items_fetched(size: usize) -> usize {
    if size > 512 || size == 0 {
        1
    } else {
        512 / size
    }
}

vectorised! {
    wide fn map_part[T: Copy, R, F: Fn(T) -> R](x: &[T], out: &mut [MaybeUninit<R>], f: F) -> () {
        let block = const { items_fetched(size_of::<T>()) };
        let count = out.len().min(x.len());
        let (mut out, mut x) = (&mut out[..count], &x[..count]);
        while x.len() >= block && out.len() >= block {
            streaming::fetch_after(&x[..block]);
            for at in 0..block {
                out[at].write(f(x[at]));
            }
            (out, x) = (&mut out[block..], &x[block..]);
        }
        for (out, x) in out.iter_mut().zip(x) {
            out.write(f(*x));
        }
    }
}

vectorised! {
    wide fn map_part_in_place[T: Copy, F: Fn(T) -> T](x: &mut [T], f: F) -> () {
        for x in x {
            *x = f(*x);
        }
    }
}

vectorised! {
    pub(crate) wide fn zip_part[T: Copy, U: Copy, R, F: Fn(T, U) -> R](x: &[T], y: &[U], out: &mut [MaybeUninit<R>], f: F) -> () {
        let block = const { items_fetched(if size_of::<T>() > size_of::<U>() { size_of::<T>() } else { size_of::<U>() }) };
        let count = out.len().min(x.len()).min(y.len());
        let (mut out, mut x, mut y) = (&mut out[..count], &x[..count], &y[..count]);
        while x.len() >= block && y.len() >= block && out.len() >= block {
            streaming::fetch_after(&x[..block]);
            streaming::fetch_after(&y[..block]);
            for at in 0..block {
                out[at].write(f(x[at], y[at]));
            }
            (out, x, y) = (&mut out[block..], &x[block..], &y[block..]);
        }
        for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
            out.write(f(*x, *y));
        }
    }
}

vectorised! {
    wide fn zip_part_in_place[T: Copy, U: Copy, F: Fn(T, U) -> T](x: &mut [T], y: &[U], f: F) -> () {
        for (x, y) in x.iter_mut().zip(y) {
            *x = f(*x, *y);
        }
    }
}

/// Memory that several threads write, each its own range.
pub(crate) struct Shared<T>(*mut T);
// SAFETY: `part` is called with ranges that do not overlap, one thread each.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) fn new(items: &mut [T]) -> Shared<T> {
        Shared(items.as_mut_ptr())
    }

    /// # Safety
    /// The range lies inside the memory and no other part overlaps it while this one lives.
    #[expect(
        clippy::mut_from_ref,
        reason = "parts are disjoint, as the caller promises"
    )]
    pub(crate) unsafe fn part(&self, range: &std::ops::Range<usize>) -> &mut [T] {
        // SAFETY: as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(range.start), range.len()) }
    }
}

/// A vector of `count` items written by `fill`, which is given each part of the memory with the index of its first item
/// and must write all of it.
pub(crate) fn build<R: Send>(
    count: usize,
    fill: impl Fn(usize, &mut [MaybeUninit<R>]) + Sync,
) -> Vec<R> {
    build_by(count, &fill)
}

type Fill<'a, R> = &'a (dyn Fn(usize, &mut [MaybeUninit<R>]) + Sync);

fn build_by<R: Send>(count: usize, fill: Fill<'_, R>) -> Vec<R> {
    let bytes = count.saturating_mul(size_of::<R>());
    interrupt::expect_room(bytes);
    let mut items: Vec<R> = Vec::with_capacity(count);
    let out = &mut items.spare_capacity_mut()[..count];
    if bytes < streaming::STREAMED_MIN {
        change_by(out, fill);
    } else {
        change_by(out, &|start, part| {
            streaming::fill_staged(part, &|at, part| fill(start + at, part));
        });
    }
    // SAFETY: `fill` wrote every item of every part, and the parts cover the first `count` items.
    unsafe { items.set_len(count) };
    items
}

/// A vector of parts of known counts, one after the other, each written by `fill` on a thread of its own: it is given the
/// part's range and memory for exactly its count, and must write all of it.
pub(crate) fn build_parts<R: Send>(
    ranges: Vec<std::ops::Range<usize>>,
    counts: &[usize],
    fill: impl Fn(std::ops::Range<usize>, &mut [MaybeUninit<R>]) + Sync,
) -> Vec<R> {
    let total: usize = counts.iter().sum();
    interrupt::expect_room(total.saturating_mul(size_of::<R>()));
    let mut items: Vec<R> = Vec::with_capacity(total);
    let mut rest = &mut items.spare_capacity_mut()[..total];
    let mut parts = Vec::with_capacity(ranges.len());
    for (range, count) in ranges.into_iter().zip(counts) {
        let (part, after) = rest.split_at_mut(*count);
        parts.push((range, part));
        rest = after;
    }
    parallel::run(parts, |(range, part)| fill(range, part));
    // SAFETY: `fill` wrote every item of every part, and the parts cover the first `total` items.
    unsafe { items.set_len(total) };
    items
}

/// Changes the items in place, in parts.
fn change_by<T: Send>(items: &mut [T], change: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let ranges = parallel::ranges(items.len(), ITEMS_PER_THREAD_MIN);
    if ranges.len() == 1 {
        change(0, items);
        return;
    }
    let memory = Shared(items.as_mut_ptr());
    parallel::each(ranges.len(), &|at| {
        // SAFETY: the ranges cut up the items without overlap, and each is worked by one thread.
        change(ranges[at].start, unsafe { memory.part(&ranges[at]) });
    });
}

/// `f` of each item.
pub(crate) fn map<T, R, F>(x: &[T], f: F) -> Vec<R>
where
    T: Copy + Sync,
    R: Send,
    F: Fn(T) -> R + Copy + Sync,
{
    build(x.len(), |start, out| {
        map_part(&x[start..start + out.len()], out, f);
    })
}

/// `f` of each item, written over them when nobody else holds them.
pub(crate) fn map_reusing<T, F>(mut x: Vector<T>, f: F) -> Vector<T>
where
    T: Copy + Send + Sync,
    F: Fn(T) -> T + Copy + Sync,
{
    if !x.is_unshared() {
        return Vector::new(map(&x, f));
    }
    change_by(x.make_mut(), &|_, part| map_part_in_place(part, f));
    x
}

/// `f` of each pair; the counts are equal.
pub(crate) fn zip<T, U, R, F>(x: &[T], y: &[U], f: F) -> Vec<R>
where
    T: Copy + Sync,
    U: Copy + Sync,
    R: Send,
    F: Fn(T, U) -> R + Copy + Sync,
{
    debug_assert_eq!(x.len(), y.len());
    build(x.len(), |start, out| {
        let end = start + out.len();
        zip_part(&x[start..end], &y[start..end], out, f);
    })
}

/// `f` of each pair, written over whichever side nobody else holds; the counts are equal.
pub(crate) fn zip_reusing<T, F>(mut x: Vector<T>, mut y: Vector<T>, f: F) -> Vector<T>
where
    T: Copy + Send + Sync,
    F: Fn(T, T) -> T + Copy + Sync,
{
    if x.is_unshared() {
        change_by(x.make_mut(), &|start, part| {
            zip_part_in_place(part, &y[start..start + part.len()], f);
        });
        x
    } else if y.is_unshared() {
        change_by(y.make_mut(), &|start, part| {
            zip_part_in_place(part, &x[start..start + part.len()], |y, x| f(x, y));
        });
        y
    } else {
        Vector::new(zip(&x, &y, f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_vectors_are_worked_in_parts() {
        let count = ITEMS_PER_THREAD_MIN * 3 + 17;
        let x: Vector<i64> = (0..count as i64).collect();
        let doubled = map(&x, |x| x * 2);
        assert!(
            doubled
                .iter()
                .enumerate()
                .all(|(at, item)| *item == at as i64 * 2)
        );
        let kept = x.clone();
        let sum = zip_reusing(x, Vector::new(doubled), |a, b| a + b);
        assert!(
            sum.iter()
                .enumerate()
                .all(|(at, item)| *item == at as i64 * 3)
        );
        assert_eq!(kept[5], 5);
    }
}
