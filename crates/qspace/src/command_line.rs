//! The command line: one sub-command per file of [`crate::commands`].

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;

/// Runs q clusters behind the API of Amazon FinSpace with Managed kdb Insights.
#[derive(Debug, Parser)]
#[command(name = "qspace", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(commands::serve::Arguments),
    Node(commands::node::Arguments),
    NodeExec(commands::node::ExecArguments),
    Q(commands::q::Arguments),
    Demo(commands::demo::Arguments),
    Env(commands::env::Arguments),
    Check(commands::check::Arguments),
    Deploy(commands::deploy::Arguments),
    History(commands::history::Arguments),
    Rollback(commands::rollback::Arguments),
    Logs(commands::logs::Arguments),
}

/// Runs the command that the arguments name; the first one is the program's own name.
///
/// Exit codes: 0 done, 1 failed with the reason on stderr, 2 the command line itself is wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command_line = match CommandLine::try_parse_from(arguments) {
        Ok(command_line) => command_line,
        Err(error) => {
            // Help and version are errors of this kind too, with code 0 and their text on stdout.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let outcome = match command_line.command {
        Command::Serve(arguments) => commands::serve::run(arguments),
        Command::Node(arguments) => commands::node::run(arguments),
        Command::NodeExec(arguments) => commands::node::exec(arguments),
        Command::Q(arguments) => return commands::q::run(arguments.arguments),
        Command::Demo(arguments) => commands::demo::run(arguments),
        Command::Env(arguments) => commands::env::run(arguments),
        Command::Check(arguments) => commands::check::run(arguments),
        Command::Deploy(arguments) => commands::deploy::run(arguments),
        Command::History(arguments) => commands::history::run(arguments),
        Command::Rollback(arguments) => commands::rollback::run(arguments),
        Command::Logs(arguments) => commands::logs::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qspace: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
