//! The allocator of the q process: large blocks in huge pages, kept for reuse.
//!
//! A vector of a hundred megabytes costs more in page faults than in work when its memory is new, so large blocks are
//! mapped in huge pages and, when freed, kept for the next vector of that size until [`release`] gives them back
//! (`.Q.gc`), or at once in immediate mode (`-g 1`). Growing a block moves its pages, not its bytes. Small blocks go to
//! mimalloc, which hands out and takes back millions of strings in less than half of the time of the C library's allocator.
//!
//! The executable puts it to work: `#[global_allocator] static ALLOCATOR: Allocator = Allocator;`.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

use mimalloc::MiMalloc;
use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};

/// Blocks from this size on are mapped.
pub(crate) const LARGE_MIN: usize = 2 << 20;
const HUGE_PAGE: usize = 2 << 20;
/// How many freed blocks are kept at most.
const KEPT_MAX: usize = 64;

/// The global allocator of a q process.
pub struct Allocator;

/// Blocks below [`LARGE_MIN`].
static SMALL: MiMalloc = MiMalloc;

struct Kept {
    blocks: [(usize, usize); KEPT_MAX],
    count: usize,
    bytes: usize,
}

/// Freed blocks: address and size.
static KEPT: Mutex<Kept> = Mutex::new(Kept {
    blocks: [(0, 0); KEPT_MAX],
    count: 0,
    bytes: 0,
});
/// Bytes of freed blocks that may be kept; `usize::MAX` until it is first needed.
static KEPT_BYTES_MAX: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Bytes of small blocks taken since they are counted.
static SMALL_USED: AtomicIsize = AtomicIsize::new(0);
static COUNTS_SMALL: AtomicBool = AtomicBool::new(false);
/// Bytes that may be in use; 0 until it is first needed.
static USED_MAX: AtomicUsize = AtomicUsize::new(0);
/// Set when a block has been handed out beyond the limit.
static IS_OVER: AtomicBool = AtomicBool::new(false);
static LARGE_USED: AtomicUsize = AtomicUsize::new(0);
static LARGE_PEAK: AtomicUsize = AtomicUsize::new(0);

/// Bytes of large blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// In use now.
    pub used: usize,
    /// In use at most so far.
    pub peak: usize,
    /// Freed and kept for reuse.
    pub kept: usize,
}

/// What large blocks take now.
pub fn statistics() -> Statistics {
    Statistics {
        used: LARGE_USED.load(Ordering::Relaxed),
        peak: LARGE_PEAK.load(Ordering::Relaxed),
        kept: lock().bytes,
    }
}

/// `mi_option_purge_delay` of mimalloc.h: milliseconds until pages of small blocks that nobody uses go back.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// Its default: pages wait a second for their next use, since the system takes longer to hand one out anew than most work on
/// it takes.
const PURGE_DELAY_DEFAULT: core::ffi::c_long = 1000;

/// Gives freed blocks back to the system and returns how many bytes they were.
pub fn release() -> usize {
    // SAFETY: the call may be made at any time and touches only what is free.
    unsafe { libmimalloc_sys::mi_collect(true) };
    let mut released = 0;
    loop {
        let (address, size) = {
            let mut kept = lock();
            if kept.count == 0 {
                return released;
            }
            kept.count -= 1;
            let block = kept.blocks[kept.count];
            kept.bytes -= block.1;
            block
        };
        unmap(address as *mut u8, size);
        released += size;
    }
}

/// Sets whether freed blocks are kept for reuse, or each given back at once.
pub fn set_kept(is_kept: bool) {
    KEPT_BYTES_MAX.store(if is_kept { usize::MAX } else { 0 }, Ordering::Relaxed);
    let delay = if is_kept { PURGE_DELAY_DEFAULT } else { 0 };
    // SAFETY: the option is a number that is read whole.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, delay) };
    if !is_kept {
        release();
    }
}

/// Sets how many bytes may be taken, those of small blocks counted from now on; `None` for as many in large blocks as the
/// machine has memory. Blocks are handed out beyond it, for an allocator cannot say no without ending the process, but
/// [`has_room`] and [`is_over`] tell.
pub fn set_limit(bytes: Option<usize>) {
    COUNTS_SMALL.store(bytes.is_some(), Ordering::Relaxed);
    SMALL_USED.store(0, Ordering::Relaxed);
    USED_MAX.store(bytes.map_or(0, |bytes| bytes.max(1)), Ordering::Relaxed);
}

fn used_max() -> usize {
    match USED_MAX.load(Ordering::Relaxed) {
        0 => {
            let machine = rustix::system::sysinfo();
            let whole = machine.totalram.saturating_add(machine.totalswap);
            let limit = usize::try_from(whole).unwrap_or(usize::MAX).max(1);
            USED_MAX.store(limit, Ordering::Relaxed);
            limit
        }
        limit => limit,
    }
}

/// True when so many bytes more are within the limit.
pub fn has_room(bytes: usize) -> bool {
    counted().saturating_add(bytes) <= used_max()
}

/// Bytes that count against the limit.
fn counted() -> usize {
    let small = SMALL_USED.load(Ordering::Relaxed).max(0).unsigned_abs();
    LARGE_USED.load(Ordering::Relaxed).saturating_add(small)
}

/// Counts a small block that was taken or (negative) given back, while there is a limit.
#[inline]
fn count_small(bytes: isize) {
    if COUNTS_SMALL.load(Ordering::Relaxed) {
        SMALL_USED.fetch_add(bytes, Ordering::Relaxed);
        if bytes > 0 && counted() > used_max() {
            IS_OVER.store(true, Ordering::Relaxed);
        }
    }
}

/// True when blocks have been handed out beyond the limit and not all have been freed since.
#[inline]
pub fn is_over() -> bool {
    IS_OVER.load(Ordering::Relaxed) && is_still_over()
}

#[cold]
fn is_still_over() -> bool {
    let is_over = counted() > used_max();
    if !is_over {
        IS_OVER.store(false, Ordering::Relaxed);
    }
    is_over
}

fn lock() -> std::sync::MutexGuard<'static, Kept> {
    // nothing in here can panic half way; a poisoned lock still guards good data
    KEPT.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn kept_bytes_max() -> usize {
    match KEPT_BYTES_MAX.load(Ordering::Relaxed) {
        usize::MAX => {
            // a quarter of the machine
            let limit = usize::try_from(rustix::system::sysinfo().totalram).unwrap_or(0) / 4;
            KEPT_BYTES_MAX.store(limit, Ordering::Relaxed);
            limit
        }
        limit => limit,
    }
}

/// The size a block really has: sixteen sizes from one power of two to the next, so that freed blocks find users. The
/// pages beyond what was asked for are never touched and so take no memory.
fn block_size(size: usize) -> usize {
    let step = (size.next_power_of_two() / 32).max(HUGE_PAGE);
    size.next_multiple_of(step)
}

fn is_large(layout: &Layout) -> bool {
    layout.size() >= LARGE_MIN && layout.align() <= 4096
}

fn count_used(size: usize) {
    let used = LARGE_USED.fetch_add(size, Ordering::Relaxed) + size;
    LARGE_PEAK.fetch_max(used, Ordering::Relaxed);
    if used > used_max() {
        IS_OVER.store(true, Ordering::Relaxed);
    }
}

fn map(size: usize) -> *mut u8 {
    // one huge page more, so that the block can start on the border of one
    let whole = size + HUGE_PAGE;
    // SAFETY: a new private mapping touches nothing that exists.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            null_mut(),
            whole,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::NORESERVE,
        )
    };
    let Ok(start) = mapped else { return null_mut() };
    let start = start.cast::<u8>();
    let skip = start.align_offset(HUGE_PAGE);
    let block = start.wrapping_add(skip);
    if skip > 0 {
        unmap(start, skip);
    }
    unmap(block.wrapping_add(size), HUGE_PAGE - skip);
    advise(block, size);
    block
}

fn advise(block: *mut u8, size: usize) {
    // SAFETY: the range is a mapping of ours; the advice changes no contents. Where huge pages are not to be had the
    // block works all the same.
    let _ = unsafe { rustix::mm::madvise(block.cast(), size, Advice::LinuxHugepage) };
}

fn unmap(start: *mut u8, size: usize) {
    if size > 0 {
        // SAFETY: the callers own this part of a mapping, and nothing refers to it any more.
        let _ = unsafe { rustix::mm::munmap(start.cast(), size) };
    }
}

/// A kept block of exactly this size.
fn take_kept(size: usize) -> Option<*mut u8> {
    let mut kept = lock();
    let count = kept.count;
    let at = kept.blocks[..count]
        .iter()
        .rposition(|block| block.1 == size)?;
    let block = kept.blocks[at].0;
    kept.blocks.copy_within(at + 1..count, at);
    kept.count -= 1;
    kept.bytes -= size;
    Some(block as *mut u8)
}

/// Keeps a freed block, or gives it back when enough are kept.
fn keep_or_unmap(block: *mut u8, size: usize) {
    let limit = kept_bytes_max();
    let mut victim = Some((block, size));
    if size <= limit {
        let mut kept = lock();
        if kept.count < KEPT_MAX && kept.bytes + size <= limit {
            let count = kept.count;
            kept.blocks[count] = (block as usize, size);
            kept.count += 1;
            kept.bytes += size;
            victim = None;
        } else if kept.count > 0 {
            // the block kept longest goes, the one freed last is warm
            let oldest = kept.blocks[0];
            if kept.bytes - oldest.1 + size <= limit {
                let count = kept.count;
                kept.blocks.copy_within(1..count, 0);
                kept.blocks[count - 1] = (block as usize, size);
                kept.bytes = kept.bytes - oldest.1 + size;
                victim = Some((oldest.0 as *mut u8, oldest.1));
            }
        }
    }
    if let Some((block, size)) = victim {
        unmap(block, size);
    }
}

// SAFETY: small and oddly aligned blocks are mimalloc's throughout. A large block is a mapping of its own of
// `block_size(layout.size())` bytes, aligned to a page at least; that size follows from the layout alone, so that
// `dealloc` and `realloc` know it; a block is in `KEPT` or in use, never both.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_large(&layout) {
            count_small(layout.size().cast_signed());
            // SAFETY: as the caller promises.
            return unsafe { SMALL.alloc(layout) };
        }
        let size = block_size(layout.size());
        let block = take_kept(size).unwrap_or_else(|| map(size));
        if !block.is_null() {
            count_used(size);
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_large(&layout) {
            count_small(layout.size().cast_signed());
            // SAFETY: as the caller promises.
            return unsafe { SMALL.alloc_zeroed(layout) };
        }
        let size = block_size(layout.size());
        let block = match take_kept(size) {
            Some(block) => {
                // SAFETY: the block has at least this many bytes and is ours.
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            None => map(size),
        };
        if !block.is_null() {
            count_used(size);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if !is_large(&layout) {
            count_small(-layout.size().cast_signed());
            // SAFETY: as the caller promises; small blocks came from there.
            return unsafe { SMALL.dealloc(block, layout) };
        }
        let size = block_size(layout.size());
        LARGE_USED.fetch_sub(size, Ordering::Relaxed);
        keep_or_unmap(block, size);
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the new size does not overflow when rounded up to the alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (is_large(&layout), is_large(&new_layout)) {
            (false, false) => {
                count_small(new_size.cast_signed() - layout.size().cast_signed());
                // SAFETY: as the caller promises.
                unsafe { SMALL.realloc(block, layout, new_size) }
            }
            (true, true) => {
                let (old, new) = (block_size(layout.size()), block_size(new_size));
                if old == new {
                    return block;
                }
                // SAFETY: the mapping is ours and of the old size; it may move, as the contract of realloc allows.
                let moved =
                    unsafe { rustix::mm::mremap(block.cast(), old, new, MremapFlags::MAYMOVE) };
                match moved {
                    Ok(moved) => {
                        LARGE_USED.fetch_sub(old, Ordering::Relaxed);
                        count_used(new);
                        advise(moved.cast(), new);
                        moved.cast()
                    }
                    Err(_) => null_mut(),
                }
            }
            _ => {
                // SAFETY: a new block is distinct from the old one, and both hold the smaller size.
                unsafe {
                    let new = self.alloc(new_layout);
                    if !new.is_null() {
                        new.copy_from_nonoverlapping(block, layout.size().min(new_size));
                        self.dealloc(block, layout);
                    }
                    new
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("a legal layout")
    }

    #[test]
    fn sizes_waste_little_and_repeat() {
        for size in [
            LARGE_MIN,
            LARGE_MIN + 1,
            100_000_000,
            800_000_000,
            5_000_000_001,
        ] {
            let block = block_size(size);
            assert!(block >= size && block <= size + size / 16 + HUGE_PAGE);
            assert_eq!(block_size(block), block);
        }
    }

    #[test]
    fn blocks_keep_their_bytes_while_they_grow_and_shrink() {
        let sizes = [1 << 20, 3 << 20, 17 << 20, 64 << 20, 5 << 20, 1 << 19];
        // SAFETY: every call is given the block and the layout of the one before.
        unsafe {
            let mut size = sizes[0];
            let mut block = Allocator.alloc(layout(size));
            assert!(!block.is_null());
            for at in 0..1 << 19 {
                block.add(at).write(at as u8);
            }
            for new in sizes.into_iter().skip(1) {
                block = Allocator.realloc(block, layout(size), new);
                assert!(!block.is_null());
                size = new;
                assert!((0..1 << 19).all(|at| block.add(at).read() == at as u8));
                block.add(new - 1).write(7);
            }
            Allocator.dealloc(block, layout(size));
        }
    }

    #[test]
    fn freed_blocks_are_used_again_and_zeroed_on_demand() {
        let size = 37 << 20;
        // SAFETY: every block is freed once with its own layout.
        unsafe {
            let block = Allocator.alloc(layout(size));
            block.write_bytes(0xff, size);
            Allocator.dealloc(block, layout(size));
            let again = Allocator.alloc_zeroed(layout(size));
            assert!((0..size).step_by(4093).all(|at| again.add(at).read() == 0));
            Allocator.dealloc(again, layout(size));
        }
        assert!(statistics().peak >= size);
    }
}
