#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "array/attributes.hpp"
#include "base/dtype.hpp"
#include "store/stored_file.hpp"

namespace rankine::store {

/// The header of a NetCDF classic file: CDF-1, CDF-2 (64-bit offset) or CDF-5 (64-bit data).
/// Source: "NetCDF Classic Format Specification", NetCDF Users Guide, appendix.
struct Netcdf3Header {
  struct Dim {
    std::string name;
    std::uint64_t size = 0;   ///< of the record dim: the number of records
    bool record = false;
  };
  struct Variable {
    std::string name;
    std::vector<std::size_t> dims;
    array::Attributes attributes;
    bool characters = false;          ///< NC_CHAR; dtype is then int8
    DType dtype = DType::int8;
    bool record = false;
    std::uint64_t begin = 0;
    /// Bytes of the whole variable, or of one record of it, without padding.
    std::uint64_t data_bytes = 0;
  };
  int version = 1;
  std::uint64_t record_count = 0;
  std::uint64_t record_stride = 0;    ///< bytes from one record to the next; 0 without record variables
  std::vector<Dim> dims;
  std::vector<Variable> variables;
  array::Attributes attributes;
  /// Bytes that the file has when all its data are there.
  std::uint64_t data_end = 0;
};

/// Throws InputError naming the path and what is wrong. Never allocates more than the file justifies.
/// Does not compare data_end with the file's size.
Netcdf3Header read_netcdf3_header(const StoredFile& file);

}  // namespace rankine::store
