// The peer of tests/interop/ that is built on federation/: a client of Oblivious HTTP gateways, and
// a gateway resource in front of an origin. What it is told and what it prints: README.md.
#include <algorithm>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "federation/binary_http.h"
#include "federation/http_client.h"
#include "federation/ohttp.h"
#include "federation/ohttp_keys.h"
#include "federation/url.h"
#include "must.h"

namespace kt::federation {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using OuterRequest = http::request<http::vector_body<std::uint8_t>>;
using OuterResponse = http::response<http::vector_body<std::uint8_t>>;

constexpr std::size_t kBodyLimit = std::size_t{8} << 20U;
constexpr std::string_view kKeysPath = "/ohttp-keys";
// To a path that ends so, servers add what Binary HTTP can carry besides an answer.
constexpr std::string_view kExtras = "/extras";

// The answer of what `url`, with its path, stands for.
HttpResponse ask(Url url, HttpRequest request) {
  request.target = std::exchange(url.path, {}) + request.target;
  if (request.target.empty()) request.target = "/";
  boost::asio::io_context context(1);
  const std::unique_ptr<HttpClient> client =
      must(HttpClient::create(context.get_executor(), std::move(url)));
  auto answer =
      boost::asio::co_spawn(context, client->send(std::move(request)), boost::asio::use_future);
  context.run();
  return must(answer.get());
}

Bytes read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read the body");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// --- the client

struct Question {
  OhttpEncoding encoding = OhttpEncoding::whole;
  std::string bearer_token;
  std::string keys_url;
  std::string target_url;
  BinaryRequest inner;
};

BinaryFraming framing_of(OhttpEncoding encoding) {
  return encoding == OhttpEncoding::chunked ? BinaryFraming::indeterminate_length
                                            : BinaryFraming::known_length;
}

void print_fields(std::string_view kind, const BinaryFields& fields) {
  for (const BinaryField& field : fields)
    std::cout << kind << ' ' << field.name << ": " << field.value << '\n';
}

void print(const BinaryResponse& response) {
  for (const BinaryInformational& each : response.informational)
    std::cout << "informational " << each.status << '\n';
  std::cout << "status " << response.status << '\n';
  print_fields("field", response.fields);
  print_fields("trailer", response.trailers);
  std::cout << '\n';
  for (const std::uint8_t byte : response.content) std::cout.put(static_cast<char>(byte));
}

void run_client(const Question& question) {
  HttpRequest keys_request;
  keys_request.accept = kOhttpKeysType;
  keys_request.bearer_token = question.bearer_token;
  const HttpResponse keys = ask(must(parse_url(question.keys_url)), std::move(keys_request));
  if (keys.status != 200 || keys.content_type != kOhttpKeysType)
    throw std::runtime_error("no keys: status " + std::to_string(keys.status));
  const std::vector<KeyConfig> configs = must(decode_key_configs(keys.body));

  const bool is_chunked = question.encoding == OhttpEncoding::chunked;
  const Bytes inner = must(encode_binary_request(question.inner, framing_of(question.encoding)));
  SealedOhttpRequest sealed = must(seal_ohttp_request(configs.front(), inner, question.encoding));
  HttpRequest request;
  request.method = HttpMethod::post;
  request.content_type = is_chunked ? kOhttpChunkedRequestType : kOhttpRequestType;
  request.bearer_token = question.bearer_token;
  request.body = std::move(sealed.message);
  const HttpResponse answer = ask(must(parse_url(question.target_url)), std::move(request));
  if (answer.status != 200 ||
      answer.content_type != (is_chunked ? kOhttpChunkedResponseType : kOhttpResponseType))
    throw std::runtime_error("no sealed answer: status " + std::to_string(answer.status));
  print(must(decode_binary_response(must(sealed.exchange.open_response(answer.body)))));
}

// Arguments: [--chunked] [--bearer TOKEN] KEYS_URL TARGET_URL METHOD URL [CONTENT_TYPE BODY_FILE]
Question read_question(std::vector<std::string> arguments) {
  Question question;
  auto next = arguments.begin();
  const auto take = [&next, &arguments]() -> std::string {
    if (next == arguments.end()) throw std::runtime_error("an argument is missing");
    return std::move(*next++);
  };
  while (next != arguments.end() && next->starts_with("--")) {
    const std::string option = take();
    if (option == "--chunked")
      question.encoding = OhttpEncoding::chunked;
    else if (option == "--bearer")
      question.bearer_token = take();
    else
      throw std::runtime_error("there is no " + option);
  }
  question.keys_url = take();
  question.target_url = take();
  question.inner.method = take();
  const std::string where = take();
  const std::size_t query = std::min(where.find('?'), where.size());
  const Url url = must(parse_url(where.substr(0, query)));
  question.inner.scheme = url.has_tls ? "https" : "http";
  question.inner.authority = url.authority();
  question.inner.path = (url.path.empty() ? "/" : url.path) + where.substr(query);
  if (next != arguments.end()) {
    question.inner.fields.push_back({"content-type", take()});
    question.inner.content = read_file(take());
  }
  return question;
}

// --- the server

std::vector<OhttpKey> make_keys() {
  std::vector<HpkeSymmetricAlgorithms> algorithms;
  for (const HpkeKdf kdf : {HpkeKdf::HKDF_SHA256, HpkeKdf::HKDF_SHA512})
    for (const HpkeAead aead :
         {HpkeAead::AES_128_GCM, HpkeAead::AES_256_GCM, HpkeAead::ChaCha20Poly1305})
      algorithms.push_back({kdf, aead});
  std::vector<OhttpKey> keys;
  std::uint8_t key_id = 7;
  for (const HpkeKem kem : {HpkeKem::X25519_HKDF_SHA256, HpkeKem::P256_HKDF_SHA256})
    keys.emplace_back(key_id++, kem, must(keytrans::DhPrivateKey::generate(hpke_group(kem))),
                      algorithms);
  return keys;
}

class Server {
 public:
  explicit Server(Url origin) : origin_(std::move(origin)), keys_(make_keys()) {}

  // Answers one connection after the other.
  [[noreturn]] void run() {
    boost::asio::io_context context(1);
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    std::cout << "http://127.0.0.1:" << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
      tcp::socket connection = acceptor.accept();
      answer_all(connection);
    }
  }

 private:
  void answer_all(tcp::socket& connection) const {
    boost::beast::flat_buffer buffer;
    for (bool goes_on = true; goes_on;) {
      http::request_parser<http::vector_body<std::uint8_t>> parser;
      parser.body_limit(kBodyLimit);
      boost::system::error_code failed;
      http::read(connection, buffer, parser, failed);
      if (failed) return;
      OuterResponse response = answer(parser.get());
      response.keep_alive(parser.get().keep_alive());
      response.prepare_payload();
      http::write(connection, response, failed);
      goes_on = !failed && response.keep_alive();
    }
  }

  [[nodiscard]] OuterResponse answer(const OuterRequest& request) const {
    OuterResponse response(http::status::ok, 11);
    if (request.method() == http::verb::get && request.target() == kKeysPath) {
      std::vector<KeyConfig> configs;
      for (const OhttpKey& key : keys_) configs.push_back(key.config());
      response.set(http::field::content_type, kOhttpKeysType);
      response.body() = encode_key_configs(configs);
      return response;
    }
    const bool is_chunked = request[http::field::content_type] == kOhttpChunkedRequestType;
    const Result<Bytes> sealed =
        answer_sealed(request.body(), is_chunked ? OhttpEncoding::chunked : OhttpEncoding::whole);
    if (!sealed) {
      std::cerr << to_string(sealed.error().code) << ": " << sealed.error().detail << std::endl;
      response.result(http::status::bad_request);
      return response;
    }
    response.set(http::field::content_type,
                 is_chunked ? kOhttpChunkedResponseType : kOhttpResponseType);
    response.body() = *sealed;
    return response;
  }

  [[nodiscard]] Result<Bytes> answer_sealed(const Bytes& message, OhttpEncoding encoding) const {
    KT_TRY(const std::uint8_t id, ohttp_key_id(message));
    const auto key = std::find_if(keys_.begin(), keys_.end(), [id](const OhttpKey& each) {
      return each.config().key_id == id;
    });
    if (key == keys_.end()) return fail(Errc::verification_failed, "an unknown key");
    KT_TRY(const OpenedOhttpRequest opened, key->open_request(message, encoding));
    KT_TRY(const BinaryRequest inner, decode_binary_request(opened.request));
    KT_TRY(const Bytes response, encode_binary_response(ask_origin(inner), framing_of(encoding)));
    return opened.exchange.seal_response(response);
  }

  [[nodiscard]] BinaryResponse ask_origin(const BinaryRequest& inner) const {
    HttpRequest request;
    request.method = inner.method == "POST" ? HttpMethod::post : HttpMethod::get;
    request.target = inner.path;
    request.content_type = find_field(inner.fields, "content-type").value_or("");
    request.body = inner.content;
    HttpResponse answer = ask(origin_, std::move(request));
    BinaryResponse response;
    response.status = answer.status;
    response.fields.push_back({"content-type", answer.content_type});
    response.content = std::move(answer.body);
    if (inner.path.ends_with(kExtras)) {
      response.informational.push_back({103, {{"link", "</early>"}}});
      response.fields.push_back({"trailer", "x-extra"});
      response.trailers.push_back({"x-extra", "after"});
    }
    return response;
  }

  Url origin_;
  std::vector<OhttpKey> keys_;
};

}  // namespace
}  // namespace kt::federation

int main(int argc, char** argv) {
  using namespace kt::federation;
  try {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string role = arguments.empty() ? "" : arguments.front();
    if (!arguments.empty()) arguments.erase(arguments.begin());
    if (role == "client")
      run_client(read_question(std::move(arguments)));
    else if (role == "server" && arguments.size() == 1)
      Server(kt::must(parse_url(arguments.front()))).run();
    else
      throw std::runtime_error("client or server, see README.md");
  } catch (const std::exception& failed) {
    std::cerr << failed.what() << '\n';
    return 1;
  }
}
