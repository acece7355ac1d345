//! What restricted evaluation refuses: `reval`, clients of a process started with `-u` or `-b`, secondary threads
//! (`ref/eval`, `basics/cmdline`).

use q_kernels::interrupt::guard;
use q_value::{QError, QResult, Symbol, Value};

use crate::globals::{GlobalId, split_name};
use crate::interpreter::Interpreter;
use crate::query::scope::Scope;

impl Interpreter {
    /// `reval`: evaluates a parse tree as if `-b` and `-u 1` were given. Nothing is written, neither globals nor files nor
    /// settings; files outside the working directory are not read.
    pub(crate) fn reval(&mut self, tree: &Value) -> QResult<Value> {
        let before = (self.read_only, self.is_restricted);
        (self.read_only, self.is_restricted) = (true, true);
        let files = self.world.restrict_files(true);
        let depth = self.scopes.len();
        self.scopes.push(Scope::barrier(self.namespace));
        let result = self.eval(tree);
        self.scopes.truncate(depth);
        self.world.restrict_files(files);
        (self.read_only, self.is_restricted) = before;
        result
    }

    /// Errors with `'access` where system commands, `exit`, `hdel` and files by handle are refused.
    pub(crate) fn check_access(&self) -> QResult<()> {
        let is_client = self.settings.restricted && self.caller.handle != 0;
        if self.is_restricted || is_client {
            return Err(QError::new("access"));
        }
        Ok(())
    }

    /// Errors with `'noupdate` where globals cannot be written, with `'noamend` while one is being changed.
    pub(crate) fn check_write(&self, id: GlobalId) -> QResult<()> {
        if self.read_only || self.is_amending {
            return Err(self.refused_write(self.globals.name(id)));
        }
        Ok(())
    }

    /// Runs what computes the new value of a global that is being changed by name: no other global may change meanwhile.
    pub(crate) fn while_amending<R>(
        &mut self,
        compute: impl FnOnce(&mut Interpreter) -> QResult<R>,
    ) -> QResult<R> {
        let before = std::mem::replace(&mut self.is_amending, true);
        // guarded, so that a kernel left by an interrupt does not leave the flag set
        let result = guard(|| compute(self));
        self.is_amending = before;
        result
    }

    /// The error of a write to a global: in `reval` it names namespace and name.
    #[cold]
    pub(crate) fn refused_write(&self, name: Symbol) -> QError {
        if !self.read_only {
            return QError::new("noamend");
        }
        if self.is_secondary || !self.is_restricted {
            return QError::noupdate();
        }
        let (space, member) = split_name(name);
        let space = if space.is_null() {
            ".".to_owned()
        } else {
            space.text()
        };
        QError::signal(format!("noupdate: `{space} `{}", member.text()))
    }
}

/// True for system commands that only show something, which `reval` lets through.
pub(crate) fn only_shows(word: &str, rest: &str) -> bool {
    match word {
        "a" | "f" | "v" | "b" | "B" | "_" => true,
        "c" | "C" | "d" | "e" | "E" | "g" | "o" | "p" | "P" | "s" | "S" | "T" | "w" | "W" | "z"
        | "cd" => rest.is_empty(),
        "t" => rest.parse::<i64>().is_err(),
        word => word == "ts" || word.starts_with("t:") || word.starts_with("ts:"),
    }
}

#[cfg(test)]
mod tests {
    use super::only_shows;

    #[test]
    fn commands_that_change_something_are_told_apart() {
        for (word, rest) in [
            ("t", ""),
            ("t", "til 5"),
            ("P", ""),
            ("ts:3", "f x"),
            ("v", ".a"),
        ] {
            assert!(only_shows(word, rest), "{word} {rest}");
        }
        for (word, rest) in [
            ("t", "1000"),
            ("P", "5"),
            ("l", "x.q"),
            ("ls", ""),
            ("x", ".z.pg"),
        ] {
            assert!(!only_shows(word, rest), "{word} {rest}");
        }
    }
}
