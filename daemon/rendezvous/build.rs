//! Puts the files of `web/dist` into the executable: typed, tagged and compressed once, here.

use sha2::{Digest, Sha256};
use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../web/dist");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", page.display());

    let mut paths = Vec::new();
    if page.is_dir() {
        collect(&page, &page, &mut paths)?;
    }
    paths.sort();
    let mut code = String::from("static FILES: &[File] = &[\n");
    for (number, path) in paths.iter().enumerate() {
        code += &entry(&page, path, &out, number)?;
    }
    code += "];\n";
    fs::write(out.join("page.rs"), code)?;
    Ok(())
}

/// Paths below `root`, with `/` between their parts. Source maps stay outside: they are for developers.
fn collect(root: &Path, folder: &Path, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, paths)?;
        } else if path.extension().is_none_or(|extension| extension != "map") {
            let below = path.strip_prefix(root).map_err(io::Error::other)?;
            paths.push(below.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn entry(page: &Path, path: &str, out: &Path, number: usize) -> io::Result<String> {
    let content = fs::read(page.join(path))?;
    let plain = out.join(format!("{number}.plain"));
    fs::write(&plain, &content)?;
    let compressed = compress(&content)?;
    let brotli = if compressed.len() < content.len() {
        let file = out.join(format!("{number}.br"));
        fs::write(&file, &compressed)?;
        format!("Some(include_bytes!({file:?}))")
    } else {
        "None".to_owned()
    };
    let tag: String = Sha256::digest(&content).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let kind = content_type(path);
    Ok(format!(
        "File {{ path: {path:?}, content_type: {kind:?}, etag: \"\\\"{tag}\\\"\", plain: include_bytes!({plain:?}), \
         brotli: {brotli} }},\n"
    ))
}

fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, 11, 22);
    writer.write_all(content)?;
    Ok(writer.into_inner())
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
