#pragma once
#include <optional>
#include <string>
#include <vector>

#include "array/stored_array.hpp"
#include "calendar/timeline.hpp"

namespace rankine::array {

enum class OutputFormat : std::uint8_t { netcdf4, netcdf4_classic, netcdf3_64bit, netcdf3_classic, zarr2, zarr3,
                                         netcdf3_64bit_data };  // CDF-5
constexpr bool is_zarr(OutputFormat format) { return format == OutputFormat::zarr2 || format == OutputFormat::zarr3; }
/// w: replace what is there; w_minus: fail if it exists ("w-"); a: add to it, replacing variables of the same name;
/// r_plus: change what is there ("r+"), no new variables. The last two for Zarr only.
enum class WriteMode : std::uint8_t { w, w_minus, a, r_plus };

/// libnetcdf's ways to round floats: to so many bits, or to so many decimal digits.
enum class Quantize : std::uint8_t { bit_round, bit_groom, granular_bit_round };

/// The times that a variable's numbers stand for.
struct WrittenTimes {
  NdArray ticks;
  calendar::Timeline timeline;
};

/// One variable as it shall stand in the file: everything is decided here (dtype, packing already
/// applied to the values, chunks, codecs), so that writers only obey.
struct OutputVariable {
  std::string name;
  std::vector<std::string> dims;
  DType dtype = DType::float32;      ///< stored dtype: numeric (bool is int8 in NetCDF) or string
  Shape shape;
  /// Stored chunks; empty: contiguous (NetCDF) or one chunk (Zarr). Never larger than the shape,
  /// but at least 1.
  Shape chunk_shape;
  codec::Pipeline codecs;
  int keep_digits = 0;               ///< of floats, significant ones of `quantize`: bits (bit_round) or decimals; 0: all
  Quantize quantize = Quantize::bit_round;
  std::optional<NdArray> fill;       ///< one element: _FillValue / fill_value, not repeated in attributes
  Attributes attributes;             ///< without _FillValue
  /// Of texts: stored as so many bytes each (NetCDF: a char array along character_dim; Zarr v2: S). 0: as strings.
  std::int64_t character_count = 0;
  std::string character_dim;
  /// Values known already (coordinates, scalars): written by create_output. Otherwise null and
  /// written chunk by chunk.
  std::optional<NdArray> value;
  /// Of dates among these: what is read back must be the same. Stays on the rank that made it.
  std::optional<WrittenTimes> times = {};
  /// Zarr v3: chunks inside each stored object, a shard of chunk_shape; empty: no shards. chunk_shape is a multiple.
  Shape inner_chunk_shape;
  /// Zarr: the array of which only a part is written (region, append), as it is to be afterwards; the new part
  /// begins at `origin`, a multiple of chunk_shape, and has `shape`. Null: the whole array is written.
  StoredArrayPtr existing;
  Index origin;
};

/// One file or store to be written.
struct OutputSpec {
  std::string path;
  OutputFormat format = OutputFormat::netcdf4;
  WriteMode mode = WriteMode::w;
  std::vector<StoredDim> dims;
  std::vector<OutputVariable> variables;
  Attributes attributes;             ///< global, history included
  bool consolidated = true;          ///< Zarr: write .zmetadata (v2) or inline consolidated metadata (v3)
  std::string group;                 ///< Zarr: group inside the store, "a/b"; empty: the root
  /// What is appended to along this dim, and how long it was before; -1: there was no such store. A job that goes on with a run
  /// tells by it whether the steps are in the store already.
  std::string append_dim;
  std::int64_t append_begin = -1;
};

void write_to(ByteWriter& writer, const OutputSpec& spec);
OutputSpec read_output_spec(ByteReader& reader);
/// Attributes alone.
void write_to(ByteWriter& writer, const Attributes& attributes);
Attributes read_attributes(ByteReader& reader);

}  // namespace rankine::array
