use std::process::ExitCode;

fn main() -> ExitCode {
    qspace::command_line::run(std::env::args_os())
}
