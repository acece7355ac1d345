//! Every transcript in `golden/` says what the engine answers. `UPDATE_GOLDEN=1` writes the answers instead; review the
//! difference before it is committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn transcripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder golden") {
        let path = entry.expect("an entry of golden").path();
        if path.is_dir() {
            transcripts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn transcripts_are_answered_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let mut paths = Vec::new();
    transcripts(&folder, &mut paths);
    assert!(!paths.is_empty(), "there are transcripts");
    let updates = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut report = String::new();
    for path in paths {
        let markdown = fs::read_to_string(&path).expect("a readable transcript");
        let before = markdown.clone();
        let run =
            q_engine::on_large_stack(move || q_conformance::run(&markdown)).expect("a thread");
        let name = path.strip_prefix(&folder).unwrap_or(&path).display();
        for heading in &run.without_source {
            let _ = writeln!(report, "{name}: \"{heading}\" names no source");
        }
        if updates {
            if run.text != before {
                fs::write(&path, &run.text).expect("a writable transcript");
            }
            continue;
        }
        assert!(run.inputs > 0, "{name} has no inputs");
        for difference in &run.differences {
            let _ = writeln!(
                report,
                "{name}: {}\nq){}\nexpected:\n{}\ngot:\n{}\n",
                difference.heading, difference.input, difference.expected, difference.got
            );
        }
    }
    assert!(report.is_empty(), "\n{report}");
}
