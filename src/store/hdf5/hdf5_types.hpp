#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/dtype.hpp"
#include "codec/codec.hpp"
#include "grid/shape.hpp"
#include "store/hdf5/object_header.hpp"

namespace rankine::store {

enum class Hdf5Class : std::uint8_t {
  fixed, floating, time, string, bitfield, opaque, compound, reference, enumeration, variable_length, array,
};

/// As much of a datatype message as an array of numbers or strings needs.
struct Hdf5Type {
  Hdf5Class kind{};
  std::uint64_t bytes = 0;                ///< of one element in the file
  bool big_endian = false;
  bool is_signed = false;
  bool is_exact = false;                  ///< fixed, floating: lies in the file as `dtype` does in memory
  DType dtype = DType::float64;           ///< fixed, floating and enumerations: what it is read as
  bool is_numeric = false;                ///< `dtype` holds
  bool is_text = false;                   ///< variable_length: a string
  std::shared_ptr<const Hdf5Type> base;   ///< enumeration, variable_length, array
};

struct Hdf5Space {
  bool is_null = false;
  std::vector<std::uint64_t> extents;
  std::vector<std::uint64_t> max_extents; ///< UINT64_MAX: unlimited
};

/// Source: "HDF5 File Format Specification" version 3.0, IV.A.2.b, d, f and l.
Hdf5Type read_datatype(Hdf5Fields& fields, int depth = 0);
Hdf5Space read_dataspace(Hdf5Fields& fields);
/// The fill value in the file's own bytes; empty: none, zeros. Of a fill value message, or an old one.
std::vector<std::byte> read_fill_value(Hdf5Fields& fields, bool old);
codec::Pipeline read_filters(Hdf5Fields& fields);
/// "compound type", "opaque type" ...: why a variable of this type has no values here.
std::string describe_unsupported(const Hdf5Type& type);

}  // namespace rankine::store
