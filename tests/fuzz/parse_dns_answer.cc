// What a name server answers. The first byte says which type was asked for, and whether the rest is
// the whole message, or what follows a question that is right. What is accepted has records of that
// type alone, or none and a reason; and it is not accepted when the question was another one.

#include "dns_answer.h"
#include "dns_message.h"

namespace {

using namespace kt;
using namespace kt::federation;

constexpr std::uint16_t kId = 0x1234;
constexpr DnsType kTypes[] = {DnsType::A, DnsType::AAAA, DnsType::TXT};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const DnsQuestion question{kId, "kt.example.net", kTypes[data[0] % 3]};
  Bytes message(data + 1, data + size);
  if (data[0] < 128) {
    // The counts of the records and the flags are the input's, the question is not.
    Bytes whole = dns_message(kId, question.name, static_cast<std::uint16_t>(question.type), {});
    constexpr std::size_t kCounts = 6;
    constexpr std::size_t kFlags = 2;
    message.resize(std::max(message.size(), kCounts + kFlags));
    std::copy_n(message.begin(), kFlags, whole.begin() + 2);
    whole[2] = static_cast<std::uint8_t>((whole[2] | 0x80) & 0x85);
    std::copy_n(message.begin() + kFlags, kCounts, whole.begin() + 6);
    whole.insert(whole.end(), message.begin() + kFlags + kCounts, message.end());
    message = std::move(whole);
  }
  const auto answer = parse_dns_answer(message, question);
  if (!answer) {
    KT_ASSERT(answer.error().code == Errc::malformed || answer.error().code == Errc::unavailable);
    return 0;
  }
  const bool is_text = question.type == DnsType::TXT;
  KT_ASSERT((is_text ? answer->addresses.size() : answer->texts.size()) == 0);
  for (const auto& address : answer->addresses)
    KT_ASSERT(address.is_v4() == (question.type == DnsType::A));
  KT_ASSERT(answer->addresses.size() + answer->texts.size() <= kMaxDnsRecords);
  KT_ASSERT(answer->name_exists || (answer->addresses.empty() && answer->texts.empty()));
  KT_ASSERT(answer->ttl.count() >= 0);
  for (const DnsQuestion& other :
       {DnsQuestion{kId + 1, question.name, question.type},
        DnsQuestion{kId, "kt.example.nat", question.type},
        DnsQuestion{kId, question.name, is_text ? DnsType::A : DnsType::TXT}})
    KT_ASSERT(!parse_dns_answer(message, other).has_value());
  return 0;
}
