//! Where the live service was more generous than its published model, so are we.
//!
//! Source: FinSpace samples and the differences between model and service observed in their stored outputs.

use crate::contract::Shape;

/// Letters that q itself takes as options and a user may set. Not `p` (the listening port), `u`/`U` (password files)
/// and `E` (TLS mode): the node owns those.
const Q_OPTION_LETTERS: &str = "bcCeglLmoPqrsStTwWz";

/// Changes the constraints of a shape to what the service really accepted.
pub(crate) fn apply(shape: &mut Shape) {
    match shape.name.as_str() {
        // The model's pattern takes no single letter but `s`, yet every tick sample passes `g`.
        "KxCommandLineArgumentKey" => {
            shape.pattern = Some(format!(
                "^(?![Aa][Ww][Ss])[{Q_OPTION_LETTERS}]|[a-zA-Z][a-zA-Z0-9_]+$"
            ));
        }
        // Model: at most 100; the list of environments alone has a plain integer there.
        "BoxedInteger" => {
            shape.min = Some(0.0);
            shape.max = Some(100.0);
        }
        _ => {}
    }
}

/// The one key beginning with `AWS` that is allowed: it sets `.z.zd` and is not an option of q.
pub(crate) const ZIP_DEFAULT_KEY: &str = "AWS_ZIP_DEFAULT";

#[cfg(test)]
mod tests {
    use crate::contract::contract;
    use crate::validate::pattern_accepts;

    #[test]
    fn argument_keys_follow_the_live_service() {
        let key = contract().shape("KxCommandLineArgumentKey");
        for accepted in ["g", "s", "w", "procname", "tp_host", "AWS_ZIP_DEFAULT"] {
            assert!(pattern_accepts(key, accepted), "{accepted}");
        }
        for refused in ["p", "E", "u", "U", "awsThing", "AWS_ZIP", "1a", "a-b", ""] {
            assert!(!pattern_accepts(key, refused), "{refused}");
        }
    }
}
