#include "store/hdf5/btree2.hpp"

#include <unordered_set>

namespace rankine::store {
namespace {

constexpr std::uint64_t max_depth = 32;
/// Signature, version and type, before the records.
constexpr std::uint64_t prefix_bytes = 6;

class Btree2Walk {
 public:
  Btree2Walk(const Hdf5File& file, int type, const std::function<void(Hdf5Fields&)>& use)
      : file_(file), type_(type), use_(use) {}

  void walk(std::uint64_t header_address) {
    const auto address_bytes = static_cast<std::uint64_t>(file_.address_bytes());
    Hdf5Fields header(file_, header_address, 22 + address_bytes + static_cast<std::uint64_t>(file_.length_bytes()));
    header.expect("BTHD");
    header.verify_checksum("a B-tree's header");
    if (header.integer(1) != 0) header.fail("unknown B-tree version");
    if (static_cast<int>(header.integer(1)) != type_) header.fail("a B-tree of another kind");
    node_bytes_ = header.integer(4);
    record_bytes_ = header.integer(2);
    const std::uint64_t depth = header.integer(2);
    header.skip(2);
    const std::uint64_t root = header.address();
    const std::uint64_t root_records = header.integer(2);
    if (header.is_undefined(root)) return;
    if (record_bytes_ == 0 || node_bytes_ < prefix_bytes + checksum_bytes + record_bytes_ || depth > max_depth)
      header.fail("a B-tree of impossible shape");
    measure(depth);
    visit(root, root_records, depth);
  }

 private:
  /// How wide the counts in a node's pointers are follows from how many records fit below it.
  void measure(std::uint64_t depth) {
    const std::uint64_t room = node_bytes_ - prefix_bytes - checksum_bytes;
    const std::uint64_t leaf_records = room / record_bytes_;
    count_bytes_ = bytes_for(leaf_records);
    total_bytes_.push_back(0);
    std::uint64_t below = leaf_records;
    for (std::uint64_t level = 1; level <= depth; ++level) {
      const std::uint64_t pointer = pointer_bytes(level);
      const std::uint64_t records = room < pointer ? 0 : (room - pointer) / (record_bytes_ + pointer);
      if (records == 0) file_.fail("a B-tree of impossible shape");
      below = below > UINT64_MAX / (records + 2) ? UINT64_MAX : (records + 1) * below + records;
      total_bytes_.push_back(bytes_for(below));
    }
  }
  std::uint64_t pointer_bytes(std::uint64_t level) const {
    return static_cast<std::uint64_t>(file_.address_bytes() + count_bytes_ + total_bytes_[level - 1]);
  }

  void visit(std::uint64_t address, std::uint64_t records, std::uint64_t level) {
    if (!visited_.insert(address).second) file_.fail("a B-tree node with two parents");
    const std::uint64_t pointers = level == 0 ? 0 : (records + 1) * pointer_bytes(level);
    const std::uint64_t bytes = prefix_bytes + records * record_bytes_ + pointers + checksum_bytes;
    if (bytes > node_bytes_) file_.fail("a B-tree node with too many records");
    Hdf5Fields node(file_, address, bytes);
    node.expect(level == 0 ? "BTLF" : "BTIN");
    node.verify_checksum("a B-tree node");
    if (node.integer(1) != 0 || static_cast<int>(node.integer(1)) != type_) node.fail("a B-tree node of another kind");
    std::vector<std::vector<std::byte>> own;
    for (std::uint64_t i = 0; i < records; ++i) own.push_back(node.take(record_bytes_));
    for (std::uint64_t i = 0; i <= records; ++i) {
      if (level != 0) {
        const std::uint64_t child = node.address();
        const std::uint64_t child_records = node.integer(count_bytes_);
        node.skip(static_cast<std::uint64_t>(total_bytes_[level - 1]));
        visit(child, child_records, level - 1);
      }
      if (i == records) break;
      Hdf5Fields record(file_, std::move(own[i]));
      use_(record);
    }
  }

  const Hdf5File& file_;
  int type_;
  const std::function<void(Hdf5Fields&)>& use_;
  std::uint64_t node_bytes_ = 0;
  std::uint64_t record_bytes_ = 0;
  int count_bytes_ = 0;
  std::vector<int> total_bytes_;   ///< by level: of the count of all records below a pointer to it
  std::unordered_set<std::uint64_t> visited_;
};

}  // namespace

void walk_btree2(const Hdf5File& file, std::uint64_t header_address, int type,
                 const std::function<void(Hdf5Fields&)>& use) {
  Btree2Walk(file, type, use).walk(header_address);
}

}  // namespace rankine::store
