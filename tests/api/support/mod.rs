//! What tests stand on: a database each, the router in this process, real servers.

mod app;
mod db;
mod server;

pub(crate) use app::{Answer, JSON, TestApp};
pub(crate) use db::TestDb;
pub(crate) use server::{Folder, Server, free_port, program, until};
