//! `patchbay openapi`: prints the document that the server publishes, for client generators and reviews.

/// Prints the document.
pub fn run() -> anyhow::Result<()> {
    let document = patchbay_server::openapi("http://127.0.0.1:8080");
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(())
}
