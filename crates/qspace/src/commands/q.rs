//! `qspace q` as the help lists it. `main` hands q's command line on before anything of it is read here.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

/// Runs a q process: `qspace q [file] [-p port] ...`; `qspace q --help` lists q's options.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Arguments {
    /// What q takes on its command line.
    #[arg(
        value_name = "Q ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub arguments: Vec<OsString>,
}

/// Runs q with these arguments; its exit status is the program's.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let status = q_process::main(arguments);
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}
