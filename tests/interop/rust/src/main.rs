//! The peer of tests/interop/ that is built on the crates `ohttp` and `bhttp`: a client of Oblivious
//! HTTP gateways, and a gateway resource in front of an origin. What it is told and what it prints:
//! ../../README.md.

use std::cell::RefCell;
use std::error::Error;
use std::io::{Cursor, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bhttp::{Message, Mode, StatusCode};
use futures::executor::block_on;
use futures::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ohttp::hpke::{Aead, Kdf, Kem};
use ohttp::{ClientRequest, KeyConfig, Server, SymmetricSuite};

type Failure = Box<dyn Error>;

const KEYS_TYPE: &str = "application/ohttp-keys";
const REQUEST_TYPES: [&str; 2] = ["message/ohttp-req", "message/ohttp-chunked-req"];
const RESPONSE_TYPES: [&str; 2] = ["message/ohttp-res", "message/ohttp-chunked-res"];
const KEYS_PATH: &str = "/ohttp-keys";
/// To a path that ends so, servers add what Binary HTTP can carry besides an answer.
const EXTRAS: &str = "/extras";
/// So small that most messages have several of them.
const CHUNK: usize = 1000;

fn mode(chunked: bool) -> Mode {
    if chunked {
        Mode::IndeterminateLength
    } else {
        Mode::KnownLength
    }
}

fn encoded(message: &Message, chunked: bool) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    message.write_bhttp(mode(chunked), &mut bytes)?;
    Ok(bytes)
}

// --- outer HTTP

struct Answer {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .build();
    ureq::Agent::new_with_config(config)
}

fn whole(response: ureq::http::Response<ureq::Body>) -> Result<Answer, Failure> {
    let content_type = match response.headers().get("content-type") {
        Some(value) => value.to_str()?.to_owned(),
        None => String::new(),
    };
    Ok(Answer {
        status: response.status().as_u16(),
        content_type,
        body: response.into_body().read_to_vec()?,
    })
}

fn get(url: &str, bearer: Option<&str>) -> Result<Answer, Failure> {
    let mut request = agent().get(url);
    if let Some(token) = bearer {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    whole(request.call()?)
}

fn post(url: &str, kind: &str, bearer: Option<&str>, body: &[u8]) -> Result<Answer, Failure> {
    let mut request = agent().post(url);
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    if let Some(token) = bearer {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    whole(request.send(body)?)
}

// --- the client

/// What a chunked request is written to, still at hand while the request is.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Vec<u8>>>);

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Options {
    chunked: bool,
    bearer: Option<String>,
}

/// The answer to `inner`, a request in Binary HTTP, opened.
fn exchange(
    options: &Options,
    keys: &[u8],
    target: &str,
    inner: &[u8],
) -> Result<Vec<u8>, Failure> {
    let client = ClientRequest::from_encoded_config_list(keys)?;
    let send = |sealed: &[u8]| -> Result<Vec<u8>, Failure> {
        let kind = usize::from(options.chunked);
        let answer = post(
            target,
            REQUEST_TYPES[kind],
            options.bearer.as_deref(),
            sealed,
        )?;
        if answer.status != 200 || answer.content_type != RESPONSE_TYPES[kind] {
            return Err(format!("no sealed answer: status {}", answer.status).into());
        }
        Ok(answer.body)
    };
    if !options.chunked {
        let (sealed, response) = client.encapsulate(inner)?;
        return Ok(response.decapsulate(&send(&sealed)?)?);
    }
    let sealed = Shared::default();
    let mut request = client.encapsulate_stream(sealed.clone())?;
    for chunk in inner.chunks(CHUNK) {
        block_on(request.write_all(chunk))?;
    }
    block_on(request.close())?;
    let answer = send(&sealed.0.borrow())?;
    let mut opened = Vec::new();
    block_on(request.response(&answer[..])?.read_to_end(&mut opened))?;
    Ok(opened)
}

fn print(message: &Message) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for each in message.informational() {
        writeln!(out, "informational {}", each.status().code())?;
    }
    let status = message.control().status().ok_or("not a response")?;
    writeln!(out, "status {}", status.code())?;
    for (kind, fields) in [
        ("field", message.header().fields()),
        ("trailer", message.trailer().fields()),
    ] {
        for field in fields {
            let (name, value) = (
                String::from_utf8_lossy(field.name()),
                String::from_utf8_lossy(field.value()),
            );
            writeln!(out, "{kind} {name}: {value}")?;
        }
    }
    writeln!(out)?;
    out.write_all(message.content())?;
    Ok(out.flush()?)
}

/// Arguments: [--chunked] [--bearer TOKEN] KEYS_URL TARGET_URL METHOD URL [CONTENT_TYPE BODY_FILE]
fn run_client(
    mut arguments: std::iter::Peekable<impl Iterator<Item = String>>,
) -> Result<(), Failure> {
    let mut options = Options::default();
    while let Some(option) = arguments.next_if(|argument| argument.starts_with("--")) {
        match option.as_str() {
            "--chunked" => options.chunked = true,
            "--bearer" => options.bearer = Some(arguments.next().ok_or("a token is missing")?),
            _ => return Err(format!("there is no {option}").into()),
        }
    }
    let mut take = || arguments.next().ok_or("an argument is missing");
    let (keys_url, target, method, url) = (take()?, take()?, take()?, take()?);
    let (scheme, rest) = url.split_once("://").ok_or("not a URL")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    let mut message = Message::request(method.into(), scheme.into(), authority.into(), path.into());
    if let Ok(content_type) = take() {
        message.put_header("content-type", content_type);
        message.write_content(std::fs::read(take()?)?);
    }

    let keys = get(&keys_url, options.bearer.as_deref())?;
    if keys.status != 200 || keys.content_type != KEYS_TYPE {
        return Err(format!("no keys: status {}", keys.status).into());
    }
    let opened = exchange(
        &options,
        &keys.body,
        &target,
        &encoded(&message, options.chunked)?,
    )?;
    print(&Message::read_bhttp(&mut Cursor::new(&opened[..]))?)
}

// --- the server

/// The crate knows HKDF-SHA256 only, and not AES-256-GCM.
fn make_keys() -> Result<Vec<Server>, Failure> {
    let suites = [Aead::Aes128Gcm, Aead::ChaCha20Poly1305]
        .map(|aead| SymmetricSuite::new(Kdf::HkdfSha256, aead));
    [(3, Kem::X25519Sha256), (4, Kem::P256Sha256)]
        .into_iter()
        .map(|(key_id, kem)| Ok(Server::new(KeyConfig::new(key_id, kem, suites.to_vec())?)?))
        .collect()
}

fn ask_origin(origin: &str, inner: &Message) -> Result<Message, Failure> {
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec());
    let path = text(inner.control().path())?;
    let url = format!("{origin}{path}");
    let answer = match inner.control().method() {
        Some(b"POST") => post(
            &url,
            &text(inner.header().get(b"content-type"))?,
            None,
            inner.content(),
        )?,
        _ => get(&url, None)?,
    };
    let mut response = Message::response(StatusCode::try_from(answer.status)?);
    response.put_header("content-type", answer.content_type);
    response.write_content(answer.body);
    if path.ends_with(EXTRAS) {
        response.put_header("trailer", "x-extra");
        response.put_trailer("x-extra", "after");
    }
    Ok(response)
}

fn answer_sealed(
    keys: &[Server],
    origin: &str,
    sealed: &[u8],
    chunked: bool,
) -> Result<Vec<u8>, Failure> {
    let key_id = sealed.first().ok_or("empty")?;
    // The identifier is the first byte of a configuration, as of a request.
    let mut key = None;
    for each in keys {
        if each.config().encode()?.first() == Some(key_id) {
            key = Some(each);
        }
    }
    let key = key.ok_or("an unknown key")?;
    let answer = |request: &[u8]| -> Result<Vec<u8>, Failure> {
        let inner = Message::read_bhttp(&mut Cursor::new(request))?;
        encoded(&ask_origin(origin, &inner)?, chunked)
    };
    if !chunked {
        let (request, response) = key.decapsulate(sealed)?;
        return Ok(response.encapsulate(&answer(&request)?)?);
    }
    let mut stream = key.clone().decapsulate_stream(sealed);
    let mut request = Vec::new();
    block_on(stream.read_to_end(&mut request))?;
    let mut bytes = Vec::new();
    let mut response = stream.response(&mut bytes)?;
    for chunk in answer(&request)?.chunks(CHUNK) {
        block_on(response.write_all(chunk))?;
    }
    block_on(response.close())?;
    drop(response);
    Ok(bytes)
}

fn run_server(origin: &str) -> Result<(), Failure> {
    let keys = make_keys()?;
    let configs: Vec<&KeyConfig> = keys.iter().map(Server::config).collect();
    let keys_list = KeyConfig::encode_list(&configs)?;
    let server = tiny_http::Server::http("127.0.0.1:0").map_err(|failed| failed.to_string())?;
    let address = server.server_addr().to_ip().ok_or("no address")?;
    println!("http://{address}");
    for mut request in server.incoming_requests() {
        let content_type = request
            .headers()
            .iter()
            .find(|header| header.field.equiv("Content-Type"))
            .map_or(String::new(), |header| header.value.to_string());
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body)?;
        let chunked = content_type == REQUEST_TYPES[1];
        let (status, kind, answer) = if request.url() == KEYS_PATH {
            (200, KEYS_TYPE, keys_list.clone())
        } else {
            match answer_sealed(&keys, origin, &body, chunked) {
                Ok(answer) => (200, RESPONSE_TYPES[usize::from(chunked)], answer),
                Err(failed) => {
                    eprintln!("{failed}");
                    (400, "text/plain", Vec::new())
                }
            }
        };
        let kind = tiny_http::Header::from_bytes("Content-Type", kind).map_err(|()| "a header")?;
        let response = tiny_http::Response::from_data(answer)
            .with_status_code(status)
            .with_header(kind);
        // Whoever does not wait for the answer does not keep others from theirs.
        let _ = request.respond(response);
    }
    Ok(())
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let done = match (arguments.next().as_deref(), arguments.next()) {
        (Some("client"), Some(first)) => {
            run_client(std::iter::once(first).chain(arguments).peekable())
        }
        (Some("server"), Some(origin)) => run_server(&origin),
        _ => Err("client or server, see README.md".into()),
    };
    if let Err(failed) = done {
        eprintln!("{failed}");
        std::process::exit(1);
    }
}
