#include "codec/raw_deflate.hpp"

#include <memory>
#include <new>

#include <libdeflate.h>

#include "base/error.hpp"

namespace rankine::codec {

void inflate_raw(std::span<const std::byte> stored, std::span<std::byte> out) {
  struct Free {
    void operator()(libdeflate_decompressor* inflater) const { libdeflate_free_decompressor(inflater); }
  };
  static thread_local const std::unique_ptr<libdeflate_decompressor, Free> inflater{libdeflate_alloc_decompressor()};
  if (!inflater) throw std::bad_alloc();
  if (libdeflate_deflate_decompress(inflater.get(), stored.data(), stored.size(), out.data(), out.size(), nullptr) !=
      LIBDEFLATE_SUCCESS)
    throw InputError("deflate stream is damaged");
}

}  // namespace rankine::codec
