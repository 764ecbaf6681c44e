#include "dns_answer.h"

#include <algorithm>
#include <array>

namespace kt::federation {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxNameSize = 255;  // RFC 1035, Section 2.3.4
constexpr std::size_t kMaxLabelSize = 63;
constexpr std::uint8_t kPointer = 0xc0;  // RFC 1035, Section 4.1.4

// RFC 1035, Sections 3.2.2 and 3.2.4
constexpr std::uint16_t kCname = 5;
constexpr std::uint16_t kSoa = 6;
constexpr std::uint16_t kInternet = 1;

// The second 16 bits of a header: RFC 1035, Section 4.1.1; AD: RFC 4035, Section 3.2.3.
constexpr std::uint16_t kIsResponse = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kIsCutOff = 0x0200;
constexpr std::uint16_t kIsAuthentic = 0x0020;
constexpr std::uint16_t kResponseCode = 0x000f;
constexpr std::uint16_t kNoError = 0;
constexpr std::uint16_t kNoSuchName = 3;

constexpr std::uint32_t kMaxTtl = 0x7fffffff;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool is_label_character(char c) {
  const char small = lower(c);
  return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// Goes through a message. After the first thing that is not there, all that it reads is zeros.
class Cursor {
 public:
  explicit Cursor(ByteView message) : message_(message) {}

  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] bool is_at_end() const { return at_ == message_.size(); }

  std::uint8_t u8() {
    if (at_ >= message_.size()) return fail_with(std::uint8_t{0});
    return message_[at_++];
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8U | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16U | u16();
  }
  ByteView take(std::size_t size) {
    if (size > message_.size() - at_) return fail_with(ByteView());
    const ByteView taken = message_.subspan(at_, size);
    at_ += size;
    return taken;
  }

  // A name, as labels behind their lengths and in lower case. Each pointer has to lead to before
  // what it stands in, so that there is an end.
  std::string name() {
    std::string name;
    std::size_t at = at_;
    std::size_t begin = at_;
    bool has_jumped = false;
    while (true) {
      if (at >= message_.size()) return fail_with(std::string());
      const std::uint8_t size = message_[at];
      if ((size & kPointer) == kPointer) {
        if (at + 1 >= message_.size()) return fail_with(std::string());
        const std::size_t target = std::size_t{size & 0x3fU} << 8U | message_[at + 1];
        if (!has_jumped) at_ = at + 2;
        has_jumped = true;
        if (target >= begin) return fail_with(std::string());
        at = begin = target;
        continue;
      }
      if (size > kMaxLabelSize || at + 1 + size > message_.size()) return fail_with(std::string());
      for (std::size_t i = 0; i <= size; ++i) name += lower(static_cast<char>(message_[at + i]));
      if (name.size() > kMaxNameSize) return fail_with(std::string());
      at += std::size_t{size} + 1;
      if (size == 0) break;
    }
    if (!has_jumped) at_ = at;
    return name;
  }

  // What is read next is at most the next `size` bytes: a cursor for them, which names may lead
  // out of.
  Cursor within(std::size_t size) {
    Cursor inner(message_.subspan(0, std::min(message_.size(), at_ + size)));
    inner.at_ = at_;
    inner.has_failed_ = has_failed_;
    static_cast<void>(take(size));
    return inner;
  }

 private:
  template <class T>
  T fail_with(T value) {
    has_failed_ = true;
    at_ = message_.size();
    return value;
  }

  ByteView message_;
  std::size_t at_ = 0;
  bool has_failed_ = false;
};

struct Header {
  std::uint16_t id;
  std::uint16_t flags;
  std::array<std::uint16_t, 4> counts;  // questions, answers, authorities, additional records
};

struct Record {
  std::string owner;
  std::uint16_t type;
  std::uint16_t group;  // the class
  std::uint32_t ttl;
  Cursor data;
};

// A TTL with the highest bit set is 0: RFC 2181, Section 8.
Record read_record(Cursor& cursor) {
  std::string owner = cursor.name();
  const std::uint16_t type = cursor.u16();
  const std::uint16_t group = cursor.u16();
  const std::uint32_t ttl = cursor.u32();
  const std::uint16_t size = cursor.u16();
  return {std::move(owner), type, group, ttl > kMaxTtl ? 0 : ttl, cursor.within(size)};
}

tl::unexpected<Error> malformed(const char* what) {
  return fail(Errc::malformed, std::string("the name server's answer ") + what);
}

// RFC 1035, Section 3.3.14: at least one string, and nothing after the last.
std::optional<std::string> read_text(Cursor data) {
  std::string text;
  do {
    const ByteView part = data.take(data.u8());
    text.append(part.begin(), part.end());
  } while (!data.has_failed() && !data.is_at_end());
  if (data.has_failed()) return std::nullopt;
  return text;
}

template <class Address>
std::optional<asio::ip::address> read_address(Cursor data) {
  typename Address::bytes_type bytes;
  const ByteView taken = data.take(bytes.size());
  if (data.has_failed() || !data.is_at_end()) return std::nullopt;
  std::copy(taken.begin(), taken.end(), bytes.begin());
  return asio::ip::address(Address(bytes));
}

// Whether `name` is `zone` or below it; both as of Cursor::name().
bool is_within(const std::string& name, const std::string& zone) {
  for (std::size_t at = 0; at < name.size(); at += static_cast<unsigned char>(name[at]) + 1U) {
    if (std::string_view(name).substr(at) == zone) return true;
  }
  return false;
}

class Reading {
 public:
  explicit Reading(const DnsQuestion& question) : question_(question) {}

  Result<DnsAnswer> read(ByteView message);

 private:
  Result<void> read_header(Cursor& cursor);
  [[nodiscard]] bool repeats_question(Cursor& cursor) const;
  Result<void> read_records(Cursor& cursor);
  Result<void> take(const Record& record);
  Result<void> take_nothing();
  Result<bool> follow_alias();
  void keep_at_most(std::uint32_t ttl) { ttl_ = std::min(ttl_, ttl); }

  const DnsQuestion& question_;
  Header header_{};
  std::vector<Record> answers_;
  std::vector<Record> authorities_;
  std::string name_;  // what the chain of CNAMEs has come to
  std::uint32_t ttl_ = kMaxTtl;
  DnsAnswer answer_;
};

Result<void> Reading::read_header(Cursor& cursor) {
  header_.id = cursor.u16();
  header_.flags = cursor.u16();
  for (std::uint16_t& count : header_.counts) count = cursor.u16();
  if (cursor.has_failed() || header_.id != question_.id)
    return malformed("is not to what was asked");
  if ((header_.flags & kIsResponse) == 0 || (header_.flags & kOpcode) != 0)
    return malformed("is no answer");
  if ((header_.flags & kIsCutOff) != 0) return malformed("is cut off");
  const std::uint16_t code = header_.flags & kResponseCode;
  if (code != kNoError && code != kNoSuchName)
    return fail(Errc::unavailable, "the name server cannot answer");
  return {};
}

bool Reading::repeats_question(Cursor& cursor) const {
  const auto asked = encode_dns_name(question_.name);
  KT_ASSERT(asked.has_value());
  if (header_.counts[0] != 1) return false;
  const ByteView repeated = cursor.take(asked->size());
  const std::uint16_t type = cursor.u16();
  const std::uint16_t group = cursor.u16();
  return !cursor.has_failed() && equal(repeated, *asked) &&
         type == static_cast<std::uint16_t>(question_.type) && group == kInternet;
}

Result<void> Reading::read_records(Cursor& cursor) {
  const auto& counts = header_.counts;
  if (std::size_t{counts[1]} + counts[2] + counts[3] > kMaxDnsRecords)
    return malformed("has too many records");
  for (std::size_t section = 1; section < counts.size(); ++section) {
    for (std::size_t i = 0; i < counts.at(section); ++i) {
      Record record = read_record(cursor);
      if (cursor.has_failed()) return malformed("is not whole");
      if (record.group != kInternet || section == 3) continue;
      (section == 1 ? answers_ : authorities_).push_back(std::move(record));
    }
  }
  if (!cursor.is_at_end()) return malformed("has something after its end");
  return {};
}

Result<bool> Reading::follow_alias() {
  std::optional<std::string> target;
  bool has_records = false;
  for (const Record& record : answers_) {
    if (record.owner != name_) continue;
    if (record.type == static_cast<std::uint16_t>(question_.type)) has_records = true;
    if (record.type != kCname) continue;
    Cursor data = record.data;
    std::string named = data.name();
    if (data.has_failed() || !data.is_at_end() || (target && *target != named))
      return malformed("has a wrong CNAME");
    target = std::move(named);
    keep_at_most(record.ttl);
  }
  if (!target) return false;
  if (has_records) return malformed("has records beside a CNAME");
  name_ = *std::move(target);
  return true;
}

Result<void> Reading::take(const Record& record) {
  keep_at_most(record.ttl);
  if (question_.type == DnsType::TXT) {
    auto text = read_text(record.data);
    if (!text) return malformed("has a wrong record");
    answer_.texts.push_back(*std::move(text));
    return {};
  }
  const auto address = question_.type == DnsType::A
                           ? read_address<asio::ip::address_v4>(record.data)
                           : read_address<asio::ip::address_v6>(record.data);
  if (!address) return malformed("has a wrong record");
  answer_.addresses.push_back(*address);
  return {};
}

// RFC 2308, Sections 2.1, 2.2 and 5. Without the SOA it may be a server that does not know.
Result<void> Reading::take_nothing() {
  for (const Record& record : authorities_) {
    if (record.type != kSoa || !is_within(name_, record.owner)) continue;
    Cursor data = record.data;
    static_cast<void>(data.name());
    static_cast<void>(data.name());
    for (int i = 0; i < 4; ++i) static_cast<void>(data.u32());
    const std::uint32_t minimum = data.u32();
    if (data.has_failed() || !data.is_at_end()) return malformed("has a wrong record");
    keep_at_most(record.ttl);
    keep_at_most(minimum);
    answer_.name_exists = (header_.flags & kResponseCode) == kNoError;
    return {};
  }
  return fail(Errc::unavailable, "the name server says neither what there is nor that nothing is");
}

Result<DnsAnswer> Reading::read(ByteView message) {
  if (message.size() > kMaxDnsMessage) return malformed("is too large");
  Cursor cursor(message);
  KT_TRY(read_header(cursor));
  if (!repeats_question(cursor)) return malformed("is not to what was asked");
  KT_TRY(read_records(cursor));
  answer_.is_authentic = (header_.flags & kIsAuthentic) != 0;

  const auto asked = encode_dns_name(question_.name);
  name_.assign(asked->begin(), asked->end());
  std::transform(name_.begin(), name_.end(), name_.begin(), lower);
  for (std::size_t aliases = 0;; ++aliases) {
    KT_TRY(const bool is_alias, follow_alias());
    if (!is_alias) break;
    if (aliases == kMaxDnsAliases) return malformed("has too many CNAMEs");
  }
  for (const Record& record : answers_) {
    if (record.owner != name_ || record.type != static_cast<std::uint16_t>(question_.type))
      continue;
    KT_TRY(take(record));
  }
  const bool has_records = !answer_.texts.empty() || !answer_.addresses.empty();
  if (!has_records) {
    KT_TRY(take_nothing());
  } else if ((header_.flags & kResponseCode) != kNoError) {
    return malformed("has records of a name that it says does not exist");
  }
  answer_.ttl = std::chrono::seconds(ttl_);
  return std::move(answer_);
}

}  // namespace

std::optional<Bytes> encode_dns_name(std::string_view name) {
  Bytes encoded;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kMaxLabelSize ||
        !std::all_of(label.begin(), label.end(), is_label_character))
      return std::nullopt;
    encoded.push_back(static_cast<std::uint8_t>(label.size()));
    encoded.insert(encoded.end(), label.begin(), label.end());
    if (label.size() == name.size()) break;
    name.remove_prefix(label.size() + 1);
  }
  encoded.push_back(0);
  if (encoded.size() > kMaxNameSize) return std::nullopt;
  return encoded;
}

Result<DnsAnswer> parse_dns_answer(ByteView message, const DnsQuestion& question) {
  return Reading(question).read(message);
}

}  // namespace kt::federation
