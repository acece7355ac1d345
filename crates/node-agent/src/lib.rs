//! Supervises one q process: code directory, logs, health, the .aws calls.
