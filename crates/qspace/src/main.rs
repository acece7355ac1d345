use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: q_process::Allocator = q_process::Allocator;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match q_arguments(&arguments) {
        Some(given) => {
            let status = q_process::main(given.to_vec());
            ExitCode::from(u8::try_from(status).unwrap_or(1))
        }
        None => qspace::command_line::run(arguments),
    }
}

/// What follows the name when this is to be a q process: called as `q`, or as `qspace q`. Its arguments are q's own and
/// none of the command line's business.
fn q_arguments(arguments: &[OsString]) -> Option<&[OsString]> {
    let (program, rest) = arguments.split_first()?;
    if Path::new(program).file_name() == Some(OsStr::new("q")) {
        return Some(rest);
    }
    let (command, rest) = rest.split_first()?;
    (command == "q").then_some(rest)
}
