//! Certificates for the servers of a test.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::command::run;
use super::programs::Program;

/// An authority and a certificate of its own for the server: `ca.pem`, `cert.pem`, `key.pem`.
pub fn certificate(directory: &Path) {
    let openssl = |arguments: &str| {
        let mut openssl = Command::new(Program::Openssl.path());
        openssl.current_dir(directory).args(arguments.split(' '));
        run(&mut openssl, Duration::from_secs(30)).expect_success("openssl");
    };
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    fs::write(directory.join("names"), names).unwrap();
    openssl(&format!("req -x509 {NEW_KEY} -days 30 -subj /CN=authority -keyout ca.key -out ca.pem"));
    openssl(&format!("req {NEW_KEY} -subj /CN=localhost -keyout key.pem -out request.pem"));
    openssl(
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out cert.pem",
    );
}

const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
