//! A q process under the name `q`; `qspace q` is the same.

#[global_allocator]
static ALLOCATOR: q_process::Allocator = q_process::Allocator;

fn main() -> std::process::ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    let status = q_process::main(arguments);
    std::process::ExitCode::from(u8::try_from(status).unwrap_or(1))
}
