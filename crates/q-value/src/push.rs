//! Pushing numbers onto a stack of values.
//!
//! [`Vec::push`] takes a value that is there already, so that the compiler puts it together in memory, in pieces, and
//! copies it whole; the processor then waits until the pieces are written. These write the pieces where they belong.

use crate::Value;

macro_rules! push {
    ($($(#[$doc:meta])* $name:ident, $variant:ident, $t:ty;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(stack: &mut Vec<Value>, x: $t) {
            let count = stack.len();
            if count == stack.capacity() {
                stack.reserve(1);
            }
            // SAFETY: there is room for one more, which is written before it counts.
            unsafe {
                stack.as_mut_ptr().add(count).write(Value::$variant(x));
                stack.set_len(count + 1);
            }
        }
    )* };
}
push! {
    /// Pushes a long.
    push_long, Long, i64;
    /// Pushes a float.
    push_float, Float, f64;
    /// Pushes a boolean.
    push_boolean, Boolean, bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_there_when_the_stack_grows() {
        let mut stack = Vec::new();
        for x in 0..100 {
            push_long(&mut stack, x);
            push_float(&mut stack, x as f64 / 2.0);
            push_boolean(&mut stack, x % 2 == 1);
        }
        assert_eq!(stack.len(), 300);
        assert!(stack[297].is_identical(&Value::Long(99)));
        assert!(stack[298].is_identical(&Value::Float(49.5)));
        assert!(stack[299].is_identical(&Value::Boolean(true)));
    }
}
