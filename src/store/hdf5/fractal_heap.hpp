#pragma once
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/hdf5/hdf5_file.hpp"

namespace rankine::store {

/// Objects (links, attributes) of a fractal heap by their ids: managed in direct blocks, huge ones on their own,
/// tiny ones inside the id. Heaps with filters, which no library writes by itself, are an InputError.
/// Source: "HDF5 File Format Specification" version 3.0, III.G.
class FractalHeap {
 public:
  FractalHeap(const Hdf5File& file, std::uint64_t address);
  std::vector<std::byte> object(std::vector<std::byte> id);
  std::uint64_t id_bytes() const { return id_bytes_; }

 private:
  struct Place { std::uint64_t address; std::uint64_t start; std::uint64_t bytes; };
  Place find_block(std::uint64_t offset);
  std::uint64_t row_bytes(std::uint64_t row) const { return row == 0 ? start_bytes_ : start_bytes_ << (row - 1); }
  const std::vector<std::byte>& direct_block(const Place& place);

  const Hdf5File& file_;
  std::uint64_t address_;
  std::uint64_t id_bytes_ = 0;
  bool direct_checksums_ = false;
  std::uint64_t max_managed_ = 0;
  std::uint64_t huge_index_ = 0;
  std::uint64_t width_ = 0;
  std::uint64_t start_bytes_ = 0;
  std::uint64_t max_direct_bytes_ = 0;
  int offset_bytes_ = 0;
  int length_bytes_ = 0;
  std::uint64_t root_ = 0;
  std::uint64_t root_rows_ = 0;
  std::unordered_map<std::uint64_t, std::vector<std::byte>> blocks_;
  /// Address and bytes of huge objects by their numbers, once one was asked for.
  std::optional<std::unordered_map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>>> huge_objects_;
};

}  // namespace rankine::store
