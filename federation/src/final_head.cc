#include "federation/final_head.h"

#include "keytrans/codec.h"

namespace kt::federation {
namespace {

template <class Io, class S, class Flag>
void wire(Io& io, S& head, Flag& is_compromised) {
  io.number("FinalHead.tree_size", head.tree_size);
  io.fixed("FinalHead.root", head.root, head.root.size());
  io.number("FinalHead.is_compromised", is_compromised);
  io.require(is_compromised <= 1, "FinalHead.is_compromised", "is neither 0 nor 1");
}

}  // namespace

Result<Bytes> FinalHead::encode() const {
  const std::uint8_t flag = is_compromised ? 1 : 0;
  keytrans::Encoder io;
  wire(io, *this, flag);
  return std::move(io).finish();
}

Result<FinalHead> FinalHead::decode(ByteView value) {
  keytrans::Decoder io(value);
  FinalHead head;
  std::uint8_t flag = 0;
  wire(io, head, flag);
  KT_TRY(std::move(io).finish());
  head.is_compromised = flag == 1;
  return head;
}

Label final_head_label(const LogId& predecessor) {
  return *Label::create("kt:final-head:" + predecessor.hex());
}

}  // namespace kt::federation
