//! The loop that runs register code.

use std::sync::atomic::Ordering;

use q_kernels::compare::floats_equal;
use q_kernels::division::{floor_divide, floor_remainder};
use q_value::{QError, QResult};

use super::{FRAME, Numeric};
use crate::interpreter::{CALLS_MAX, Interpreter};

/// The null of longs.
const NULL: i64 = i64::MIN;

/// One step on registers of the frame: `d` is written, `a` and `b` are read, `by` is a constant. Jumps go to `to` when
/// what they name does not hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op {
    Move {
        d: u8,
        a: u8,
    },
    Constant {
        d: u8,
        at: u16,
    },
    Loaded {
        d: u8,
        at: u16,
    },
    Add {
        d: u8,
        a: u8,
        b: u8,
    },
    Subtract {
        d: u8,
        a: u8,
        b: u8,
    },
    Multiply {
        d: u8,
        a: u8,
        b: u8,
    },
    AddConstant {
        d: u8,
        a: u8,
        by: i32,
    },
    MultiplyConstant {
        d: u8,
        a: u8,
        by: i32,
    },
    Least {
        d: u8,
        a: u8,
        b: u8,
    },
    Greatest {
        d: u8,
        a: u8,
        b: u8,
    },
    Quotient {
        d: u8,
        a: u8,
        b: u8,
    },
    Remainder {
        d: u8,
        a: u8,
        b: u8,
    },
    Negate {
        d: u8,
        a: u8,
    },
    Not {
        d: u8,
        a: u8,
    },
    ToFloat {
        d: u8,
        a: u8,
    },
    AddFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    SubtractFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    MultiplyFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    DivideFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    NegateFloat {
        d: u8,
        a: u8,
    },
    Less {
        d: u8,
        a: u8,
        b: u8,
    },
    LessEqual {
        d: u8,
        a: u8,
        b: u8,
    },
    Equal {
        d: u8,
        a: u8,
        b: u8,
    },
    NotEqual {
        d: u8,
        a: u8,
        b: u8,
    },
    LessFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    LessEqualFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    EqualFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    NotEqualFloats {
        d: u8,
        a: u8,
        b: u8,
    },
    Jump {
        to: u16,
    },
    /// A jump backwards, which looks for interrupts.
    Loop {
        to: u16,
    },
    JumpIfZero {
        a: u8,
        to: u16,
    },
    JumpUnlessLess {
        a: u8,
        b: u8,
        to: u16,
    },
    JumpUnlessLessEqual {
        a: u8,
        b: u8,
        to: u16,
    },
    JumpUnlessEqual {
        a: u8,
        b: u8,
        to: u16,
    },
    JumpUnlessNotEqual {
        a: u8,
        b: u8,
        to: u16,
    },
    JumpUnlessLessConstant {
        a: u8,
        by: i16,
        to: u16,
    },
    JumpUnlessGreaterConstant {
        a: u8,
        by: i16,
        to: u16,
    },
    JumpUnlessEqualConstant {
        a: u8,
        by: i16,
        to: u16,
    },
    JumpUnlessNotEqualConstant {
        a: u8,
        by: i16,
        to: u16,
    },
    /// Counts down; jumps when the count was used up.
    CountDown {
        a: u8,
        to: u16,
    },
    /// Calls this code with the frame that starts at a register; the result stands in that register.
    Call {
        window: u8,
    },
    Return {
        a: u8,
    },
}

const _: () = assert!(size_of::<Op>() == 8);

/// The registers from `base` on.
#[inline]
fn frame_at(words: &mut [i64], base: usize) -> &mut [i64; FRAME] {
    words[base..base + FRAME]
        .first_chunk_mut()
        .expect("a frame is that long")
}

#[inline(always)]
fn float(bits: i64) -> f64 {
    f64::from_bits(bits.cast_unsigned())
}

#[inline(always)]
fn bits(x: f64) -> i64 {
    x.to_bits().cast_signed()
}

/// A long as a float; null stays null.
#[inline(always)]
fn to_float(x: i64) -> f64 {
    if x == NULL { f64::NAN } else { x as f64 }
}

/// The order of floats: null is lowest, equality has its tolerance.
#[inline(always)]
fn is_less(x: f64, y: f64) -> bool {
    (x < y || x.is_nan() && !y.is_nan()) && !floats_equal(x, y)
}

#[inline(always)]
fn is_less_or_equal(x: f64, y: f64) -> bool {
    is_less(x, y) || floats_equal(x, y)
}

impl Interpreter {
    /// Runs register code on the arguments in the first registers; the bits of its result.
    pub(super) fn run_numeric(&mut self, numeric: &Numeric) -> QResult<i64> {
        let ops = numeric.ops.as_slice();
        let calls_max = CALLS_MAX.saturating_sub(self.calls);
        let super::Registers {
            words,
            returns,
            loaded,
        } = &mut self.registers;
        returns.clear();
        let mut base = 0usize;
        let mut frame = frame_at(words, base);
        let mut next = 0usize;
        macro_rules! register {
            ($at:expr) => {
                frame[usize::from($at)]
            };
        }
        macro_rules! longs {
            ($d:expr, $a:expr, $b:expr, $f:expr) => {{
                let (x, y) = (register!($a), register!($b));
                register!($d) = if x == NULL || y == NULL {
                    NULL
                } else {
                    $f(x, y)
                };
            }};
        }
        macro_rules! floats {
            ($d:expr, $a:expr, $b:expr, $f:expr) => {{
                let result = $f(float(register!($a)), float(register!($b)));
                register!($d) = bits(result);
            }};
        }
        macro_rules! compare {
            ($d:expr, $a:expr, $b:expr, $f:expr) => {
                register!($d) = i64::from($f(&register!($a), &register!($b)))
            };
        }
        macro_rules! compare_floats {
            ($d:expr, $a:expr, $b:expr, $f:expr) => {
                register!($d) = i64::from($f(float(register!($a)), float(register!($b))))
            };
        }
        macro_rules! jump_unless {
            ($holds:expr, $to:expr) => {
                if !$holds {
                    next = usize::from($to);
                }
            };
        }
        loop {
            let op = ops[next];
            next += 1;
            match op {
                Op::Move { d, a } => register!(d) = register!(a),
                Op::Constant { d, at } => register!(d) = numeric.constants[usize::from(at)],
                Op::Loaded { d, at } => register!(d) = loaded[usize::from(at)],
                Op::Add { d, a, b } => longs!(d, a, b, i64::wrapping_add),
                Op::Subtract { d, a, b } => longs!(d, a, b, i64::wrapping_sub),
                Op::Multiply { d, a, b } => longs!(d, a, b, i64::wrapping_mul),
                Op::AddConstant { d, a, by } => {
                    let x = register!(a);
                    register!(d) = if x == NULL {
                        NULL
                    } else {
                        x.wrapping_add(i64::from(by))
                    };
                }
                Op::MultiplyConstant { d, a, by } => {
                    let x = register!(a);
                    register!(d) = if x == NULL {
                        NULL
                    } else {
                        x.wrapping_mul(i64::from(by))
                    };
                }
                Op::Least { d, a, b } => register!(d) = register!(a).min(register!(b)),
                Op::Greatest { d, a, b } => register!(d) = register!(a).max(register!(b)),
                Op::Quotient { d, a, b } => {
                    register!(d) = floor_divide(register!(a), register!(b));
                }
                Op::Remainder { d, a, b } => {
                    register!(d) = floor_remainder(register!(a), register!(b));
                }
                Op::Negate { d, a } => register!(d) = register!(a).wrapping_neg(),
                Op::Not { d, a } => register!(d) = i64::from(register!(a) == 0),
                Op::ToFloat { d, a } => register!(d) = bits(to_float(register!(a))),
                Op::AddFloats { d, a, b } => floats!(d, a, b, |x, y| x + y),
                Op::SubtractFloats { d, a, b } => floats!(d, a, b, |x, y| x - y),
                Op::MultiplyFloats { d, a, b } => floats!(d, a, b, |x, y| x * y),
                Op::DivideFloats { d, a, b } => floats!(d, a, b, |x, y| x / y),
                Op::NegateFloat { d, a } => register!(d) = bits(-float(register!(a))),
                Op::Less { d, a, b } => compare!(d, a, b, i64::lt),
                Op::LessEqual { d, a, b } => compare!(d, a, b, i64::le),
                Op::Equal { d, a, b } => compare!(d, a, b, i64::eq),
                Op::NotEqual { d, a, b } => compare!(d, a, b, i64::ne),
                Op::LessFloats { d, a, b } => compare_floats!(d, a, b, is_less),
                Op::LessEqualFloats { d, a, b } => compare_floats!(d, a, b, is_less_or_equal),
                Op::EqualFloats { d, a, b } => compare_floats!(d, a, b, floats_equal),
                Op::NotEqualFloats { d, a, b } => {
                    compare_floats!(d, a, b, |x, y| !floats_equal(x, y));
                }
                Op::Jump { to } => next = usize::from(to),
                Op::Loop { to } => {
                    if self.interrupt.load(Ordering::Relaxed) {
                        return Err(self.stopped());
                    }
                    next = usize::from(to);
                }
                Op::JumpIfZero { a, to } => jump_unless!(register!(a) != 0, to),
                Op::JumpUnlessLess { a, b, to } => {
                    jump_unless!(register!(a) < register!(b), to);
                }
                Op::JumpUnlessLessEqual { a, b, to } => {
                    jump_unless!(register!(a) <= register!(b), to);
                }
                Op::JumpUnlessEqual { a, b, to } => {
                    jump_unless!(register!(a) == register!(b), to);
                }
                Op::JumpUnlessNotEqual { a, b, to } => {
                    jump_unless!(register!(a) != register!(b), to);
                }
                Op::JumpUnlessLessConstant { a, by, to } => {
                    jump_unless!(register!(a) < i64::from(by), to);
                }
                Op::JumpUnlessGreaterConstant { a, by, to } => {
                    jump_unless!(register!(a) > i64::from(by), to);
                }
                Op::JumpUnlessEqualConstant { a, by, to } => {
                    jump_unless!(register!(a) == i64::from(by), to);
                }
                Op::JumpUnlessNotEqualConstant { a, by, to } => {
                    jump_unless!(register!(a) != i64::from(by), to);
                }
                Op::CountDown { a, to } => {
                    let count = register!(a);
                    if count > 0 {
                        register!(a) = count - 1;
                    } else {
                        next = usize::from(to);
                    }
                }
                Op::Call { window } => {
                    if returns.len() >= calls_max {
                        return Err(QError::stack());
                    }
                    if self.interrupt.load(Ordering::Relaxed) {
                        return Err(self.stopped());
                    }
                    returns.push((next as u32, base as u32));
                    base += usize::from(window);
                    if words.len() < base + FRAME {
                        words.resize(2 * words.len() + FRAME, 0);
                    }
                    frame = frame_at(words, base);
                    next = 0;
                }
                Op::Return { a } => {
                    let result = register!(a);
                    frame[0] = result;
                    let Some((at, below)) = returns.pop() else {
                        return Ok(result);
                    };
                    next = at as usize;
                    base = below as usize;
                    frame = frame_at(words, base);
                }
            }
        }
    }
}
