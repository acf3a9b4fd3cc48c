#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "array/attributes.hpp"
#include "store/hdf5/hdf5_types.hpp"

namespace rankine::store {

/// Global heaps: where the strings and lists of variable length lie. What is read through it altogether is
/// bounded by the file's size, since no two strings share their bytes.
/// Source: "HDF5 File Format Specification" version 3.0, III.E.
class GlobalHeap {
 public:
  explicit GlobalHeap(const Hdf5File& file);
  /// Object `index` of the collection at `address`, cut to `bytes`.
  std::vector<std::byte> object(std::uint64_t address, std::uint64_t index, std::uint64_t bytes);
  /// One element of a variable-length type: count, address, index. `element_bytes` of one member.
  std::vector<std::byte> sequence(Hdf5Fields& element, std::uint64_t element_bytes);

 private:
  struct Part { std::uint64_t address; std::uint64_t bytes; };
  using Collection = std::unordered_map<std::uint64_t, Part>;
  const Collection& collection(std::uint64_t address);
  void count(std::uint64_t bytes);

  const Hdf5File& file_;
  std::uint64_t budget_;
  std::unordered_map<std::uint64_t, Collection> collections_;
};

struct Hdf5Attribute {
  std::string name;
  std::uint64_t creation_order = 0;
  Hdf5Type type;
  Hdf5Space space;
  std::vector<std::byte> data;
};

/// All attributes of an object, compact or dense, in the order of their creation.
/// Source: "HDF5 File Format Specification" version 3.0, IV.A.2.m and v.
std::vector<Hdf5Attribute> read_hdf5_attributes(const Hdf5File& file, const ObjectHeader& header);

/// As libnetcdf gives it; nothing for types and shapes that have no value here.
std::optional<array::AttributeValue> attribute_value(const Hdf5File& file, const Hdf5Attribute& attribute, GlobalHeap& heap);
/// A text, or "" if it is none.
std::string attribute_text(const Hdf5File& file, const Hdf5Attribute& attribute, GlobalHeap& heap);

/// Elements of `type` (exact numbers, half floats) as they are in memory. False if it has other elements.
bool convert_numbers(const Hdf5Type& type, std::span<const std::byte> data, NdArray& out);
/// Texts of fixed or variable length, one an element.
std::vector<std::string> convert_texts(const Hdf5File& file, const Hdf5Type& type, std::vector<std::byte> data,
                                       std::uint64_t count, GlobalHeap& heap);

}  // namespace rankine::store
