#include "wire/messages.hpp"

using namespace rankine;

// A frame is either refused with DecodeError or a message whose own encoding decodes again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> frame(reinterpret_cast<const std::byte*>(data), size);
  try {
    const wire::Decoded decoded = wire::decode(frame);
    wire::decode(wire::encode(decoded.run, decoded.message));
  } catch (const DecodeError&) {
  }
  return 0;
}
