//! What the `#[pg_test]`s share. They run inside a backend, each in a transaction that is rolled back.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use pgrx::prelude::*;

/// SQLSTATE, message and hint of a statement that must fail; its effects are undone.
pub fn failure(statement: &str) -> (String, String, String) {
    Spi::run(
        "create or replace function pg_temp.failure(statement text, out state text, out message text, out hint text)
         language plpgsql as $$
         begin
             execute statement;
             raise exception using errcode = '00001', message = 'no error';
         exception when others then
             get stacked diagnostics state = returned_sqlstate, message = message_text, hint = pg_exception_hint;
         end
         $$",
    )
    .unwrap();
    let (state, message, hint) = Spi::get_three_with_args::<String, String, String>(
        "select state, message, hint from pg_temp.failure($1)",
        &[statement.into()],
    )
    .unwrap();
    (state.unwrap(), message.unwrap(), hint.unwrap())
}

/// The statements fail with this SQLSTATE, and with a hint.
pub fn refused(state: &str, statements: &[&str]) {
    for statement in statements {
        let (found, message, hint) = failure(statement);
        assert_eq!(found, state, "{statement}: {message}");
        // What PostgreSQL's parser says (42883, 22P02) comes without, or with its own.
        assert!(!hint.is_empty() || state.starts_with("42") || state == "22P02", "{statement}: {message}");
    }
}

/// The expressions are NULL.
pub fn null(expressions: &[&str]) {
    for expression in expressions {
        let found = Spi::get_one::<bool>(&format!("select ({expression}) is null")).unwrap();
        assert_eq!(found, Some(true), "{expression}");
    }
}

/// The boolean expressions hold.
pub fn holds(expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(
            Spi::get_one::<bool>(&format!("select {expression}")).unwrap(),
            Some(true),
            "{expression}"
        );
    }
}

/// A warehouse, for this test alone.
pub fn warehouse() {
    Spi::run("call stellantis.create_warehouse()").unwrap();
}

/// An empty landing zone for this backend; the directory is removed when the returned guard goes.
pub struct LandingZone(std::path::PathBuf);

impl LandingZone {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("stellantis-test-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Spi::run(&format!("set local stellantis.landing_zone = '{}'", path.display())).unwrap();
        Self(path)
    }
}

impl Drop for LandingZone {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
