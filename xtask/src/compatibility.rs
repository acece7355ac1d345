//! COMPATIBILITY.md and the number in README.md, made from the results of the corpus and the reasons of failing steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::step::{Totals, workspace_root};

/// Hand-written parts, in their order; the numbers of q follow the last one.
const PROSE: [&str; 3] = ["introduction.md", "api.md", "q.md"];
/// Categories of reasons, as written in the file and as headings.
const CATEGORIES: [(&str, &str); 3] = [
    (
        "page wrong",
        "The page is wrong, or shows another state than its steps make",
    ),
    ("differs on purpose", "Differs on purpose"),
    ("not yet", "Not yet"),
];
/// The row of README's table that has the number.
const README_ROW: &str = "| q examples:";

/// A page and the number of a step on it.
pub(crate) type Step = (String, u64);

/// What the runner of the corpus says about every step.
#[derive(Default)]
pub(crate) struct Results {
    pages: BTreeMap<String, Totals>,
    failing: Vec<Step>,
}

impl Results {
    /// From the runner's JSON lines.
    pub(crate) fn read(text: &str) -> Result<Results> {
        let mut results = Results::default();
        for line in text.lines() {
            let record: serde_json::Value =
                serde_json::from_str(line).context("a line of the results")?;
            let page = record["page"].as_str().context("a page")?.to_owned();
            let step = record["n"].as_u64().context("a step number")?;
            let totals = results.pages.entry(page.clone()).or_default();
            match record["result"].as_str() {
                Some("pass") => totals.passed += 1,
                Some("fail") => {
                    totals.failed += 1;
                    results.failing.push((page, step));
                }
                _ => totals.skipped += 1,
            }
        }
        results.failing.sort();
        Ok(results)
    }

    fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for totals in self.pages.values() {
            sum.add(*totals);
        }
        sum
    }
}

struct Reason {
    category: String,
    why: String,
}

/// Why steps fail, by step.
pub(crate) struct Reasons(BTreeMap<Step, Reason>);

impl Reasons {
    /// From the text of `testdata/q-examples-reasons.toml`.
    pub(crate) fn read(text: &str) -> Result<Reasons> {
        let table: toml::Table = text.parse().context("q-examples-reasons.toml")?;
        let mut reasons = BTreeMap::new();
        for entry in table
            .get("reason")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
        {
            let field = |name: &str| {
                entry
                    .get(name)
                    .and_then(toml::Value::as_str)
                    .with_context(|| format!("a reason lacks `{name}`: {entry}"))
            };
            let (page, category, why) = (field("page")?, field("category")?, field("why")?);
            if !CATEGORIES.iter().any(|(name, _)| *name == category) {
                bail!("{page}: no such category: {category}");
            }
            let steps = entry
                .get("steps")
                .and_then(toml::Value::as_array)
                .with_context(|| format!("{page}: a reason without `steps`"))?;
            for step in steps {
                let step = step
                    .as_integer()
                    .and_then(|step| u64::try_from(step).ok())
                    .with_context(|| format!("{page}: a step is a number"))?;
                let reason = Reason {
                    category: category.to_owned(),
                    why: why.to_owned(),
                };
                if reasons.insert((page.to_owned(), step), reason).is_some() {
                    bail!("{page}: step {step} has two reasons");
                }
            }
        }
        Ok(Reasons(reasons))
    }

    /// Says which failing steps have no reason, and which reasons are about steps that do not fail.
    pub(crate) fn check(&self, results: &Results) -> Result<()> {
        let mut complaints = String::new();
        for (page, step) in &results.failing {
            if !self.0.contains_key(&(page.clone(), *step)) {
                let _ = write!(complaints, "\n{page} step {step} fails without a reason");
            }
        }
        for (page, step) in self.0.keys() {
            if !results.failing.contains(&(page.clone(), *step)) {
                let _ = write!(
                    complaints,
                    "\n{page} step {step} has a reason but does not fail"
                );
            }
        }
        if complaints.is_empty() {
            return Ok(());
        }
        bail!("testdata/q-examples-reasons.toml does not fit the results:{complaints}")
    }
}

/// The two documents and their texts as the results want them.
pub(crate) fn documents(results: &Results, reasons: &Reasons) -> Result<Vec<(PathBuf, String)>> {
    let root = workspace_root();
    let mut text = String::new();
    for part in PROSE {
        let path = root.join("docs/compatibility").join(part);
        text += fs::read_to_string(&path)
            .with_context(|| path.display().to_string())?
            .trim_end();
        text += "\n\n";
    }
    text += &numbers(results, reasons);
    let readme = root.join("README.md");
    let old = fs::read_to_string(&readme).context("README.md")?;
    Ok(vec![
        (root.join("COMPATIBILITY.md"), text),
        (readme, with_number(&old, results.totals())),
    ])
}

fn numbers(results: &Results, reasons: &Reasons) -> String {
    let totals = results.totals();
    let wrong = results
        .failing
        .iter()
        .filter(|step| {
            reasons
                .0
                .get(step)
                .is_some_and(|reason| reason.category == CATEGORIES[0].0)
        })
        .count() as u64;
    let compared = totals.passed + totals.failed;
    let mut text = format!(
        "### The corpus in numbers\n\n\
         {} of {compared} compared steps pass ({}). In {wrong} of the {} others the page is wrong or shows a state that its\n\
         steps do not make; of the {} that a right engine can pass, {} do.\n\n\
         | pages of | pages | passed | compared | |\n|---|---|---|---|---|\n",
        totals.passed,
        percent(totals.passed, compared),
        totals.failed,
        compared - wrong,
        percent(totals.passed, compared - wrong),
    );
    let mut folders: BTreeMap<&str, (u64, Totals)> = BTreeMap::new();
    for (page, totals) in &results.pages {
        let (pages, sum) = folders.entry(folder(page)).or_default();
        *pages += 1;
        sum.add(*totals);
    }
    for (folder, (pages, sum)) in folders {
        let compared = sum.passed + sum.failed;
        let _ = writeln!(
            text,
            "| `{folder}` | {pages} | {} | {compared} | {} |",
            sum.passed,
            percent(sum.passed, compared)
        );
    }
    text += "\n<details><summary>Passed of compared steps by page</summary>\n\n| page | passed | compared |\n|---|---|---|\n";
    for (page, totals) in &results.pages {
        let compared = totals.passed + totals.failed;
        if compared > 0 {
            let _ = writeln!(text, "| `{page}` | {} | {compared} |", totals.passed);
        }
    }
    text += "\n</details>\n\n### Every step that differs\n";
    for (category, heading) in CATEGORIES {
        // steps of a page with one reason stand in one row
        let mut rows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for ((page, step), reason) in &reasons.0 {
            if reason.category == category {
                rows.entry((page, &reason.why))
                    .or_default()
                    .push(step.to_string());
            }
        }
        let count: usize = rows.values().map(Vec::len).sum();
        let _ = write!(text, "\n**{heading}** ({count})\n");
        if count > 0 {
            text += "\n| page | steps | why |\n|---|---|---|\n";
        }
        for ((page, why), steps) in rows {
            let _ = writeln!(text, "| `{page}` | {} | {why} |", steps.join(" "));
        }
    }
    text
}

fn folder(page: &str) -> &str {
    page.split('/').next().unwrap_or(page)
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

/// README.md with the number of the corpus in its row.
fn with_number(readme: &str, totals: Totals) -> String {
    let compared = totals.passed + totals.failed;
    let mut text = String::with_capacity(readme.len());
    for line in readme.lines() {
        let cells: Vec<&str> = line.split('|').collect();
        match cells.as_slice() {
            ["", name, _, rest @ ..] if line.starts_with(README_ROW) => {
                let share = percent(totals.passed, compared);
                let number = format!(" {} of {compared} ({share}) ", totals.passed);
                let _ = write!(text, "|{name}|{number}|{}", rest.join("|"));
            }
            _ => text += line,
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULTS: &str = r#"{"page":"ref/a.md","n":1,"result":"pass"}
{"page":"ref/a.md","n":2,"result":"fail"}
{"page":"kb/b.md","n":7,"result":"skip"}"#;

    fn reasons(page: &str, step: u64) -> Reasons {
        let text = format!(
            "[[reason]]\npage = \"{page}\"\nsteps = [{step}]\ncategory = \"not yet\"\nwhy = \"because\"\n"
        );
        Reasons::read(&text).expect("reasons")
    }

    #[test]
    fn every_failing_step_needs_a_reason_and_no_other_has_one() {
        let results = Results::read(RESULTS).expect("results");
        assert!(reasons("ref/a.md", 2).check(&results).is_ok());
        let error = reasons("ref/a.md", 1)
            .check(&results)
            .expect_err("a wrong step");
        assert!(error.to_string().contains("step 2 fails without a reason"));
        assert!(
            error
                .to_string()
                .contains("step 1 has a reason but does not fail")
        );
    }

    #[test]
    fn the_numbers_are_in_both_documents() {
        let results = Results::read(RESULTS).expect("results");
        let text = numbers(&results, &reasons("ref/a.md", 2));
        assert!(
            text.contains("1 of 2 compared steps pass (50.0 %)"),
            "{text}"
        );
        assert!(text.contains("| `ref/a.md` | 2 | because |"), "{text}");
        let readme = "a\n| q examples: steps | 3 of 9 (1 %) | `run` |\n";
        assert_eq!(
            with_number(readme, results.totals()),
            "a\n| q examples: steps | 1 of 2 (50.0 %) | `run` |\n"
        );
    }
}
