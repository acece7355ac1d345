//! What the demonstration says: each step as it happens, a table in the end.

use std::time::{Duration, Instant};

/// A step that was shown, and whether its claim held.
#[derive(Debug)]
struct Claim {
    step: String,
    claim: String,
    took: Duration,
    held: bool,
}

#[derive(Debug)]
pub(crate) struct Report {
    claims: Vec<Claim>,
    start: Instant,
}

impl Report {
    pub(crate) fn new() -> Report {
        Report {
            claims: Vec::new(),
            start: Instant::now(),
        }
    }

    /// Announces a step.
    pub(crate) fn begin(&self, step: &str) {
        println!("\n{step}");
    }

    /// A line of detail below a step.
    pub(crate) fn detail(&self, text: &str) {
        println!("    {text}");
    }

    /// Records what a step was to prove and whether it did.
    pub(crate) fn claim(
        &mut self,
        step: &str,
        claim: impl Into<String>,
        took: Duration,
        held: bool,
    ) {
        let claim = claim.into();
        println!(
            "    {} {claim}  ({})",
            if held { "ok " } else { "NOT" },
            shown(took)
        );
        self.claims.push(Claim {
            step: step.to_owned(),
            claim,
            took,
            held,
        });
    }

    /// Prints the table; true when every claim held.
    pub(crate) fn conclude(&self) -> bool {
        let widths = [
            self.claims
                .iter()
                .map(|one| one.step.chars().count())
                .max()
                .unwrap_or(0),
            self.claims
                .iter()
                .map(|one| one.claim.chars().count())
                .max()
                .unwrap_or(0),
        ];
        println!(
            "\n{:<w0$}  {:<w1$}  {:>9}  held",
            "step",
            "claim",
            "took",
            w0 = widths[0],
            w1 = widths[1]
        );
        println!(
            "{}  {}  {}  ----",
            "-".repeat(widths[0]),
            "-".repeat(widths[1]),
            "-".repeat(9)
        );
        for one in &self.claims {
            let held = if one.held { "yes" } else { "NO" };
            println!(
                "{:<w0$}  {:<w1$}  {:>9}  {held}",
                one.step,
                one.claim,
                shown(one.took),
                w0 = widths[0],
                w1 = widths[1]
            );
        }
        let broken = self.claims.iter().filter(|one| !one.held).count();
        println!(
            "\n{} of {} claims held, {} in all",
            self.claims.len() - broken,
            self.claims.len(),
            shown(self.start.elapsed())
        );
        broken == 0
    }
}

/// A duration for people.
pub(crate) fn shown(took: Duration) -> String {
    match took.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}
