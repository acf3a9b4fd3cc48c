#include "store/hdf5/hdf5_links.hpp"

#include <algorithm>
#include <unordered_set>

#include "store/hdf5/btree2.hpp"
#include "store/hdf5/fractal_heap.hpp"

namespace rankine::store {
namespace {

constexpr int link_names_tree = 5;

/// Groups as HDF5 1.6 wrote them, and every later version by default: a B-tree of symbol table nodes whose
/// names lie in a local heap.
class SymbolTableWalk {
 public:
  SymbolTableWalk(const Hdf5File& file, std::vector<Hdf5Link>& links) : file_(file), links_(links) {}

  void walk(std::uint64_t tree, std::uint64_t heap) {
    const auto lengths = static_cast<std::uint64_t>(file_.length_bytes()), addresses = static_cast<std::uint64_t>(file_.address_bytes());
    Hdf5Fields fields(file_, heap, 8 + 2 * lengths + addresses);
    fields.expect("HEAP");
    if (fields.integer(1) != 0) fields.fail("unknown local heap version");
    fields.skip(3);
    const std::uint64_t bytes = fields.length();
    fields.length();
    names_ = file_.read(fields.address(), bytes);
    visit(tree, -1);
  }

 private:
  std::string name_at(std::uint64_t offset) const {
    std::string name;
    for (std::uint64_t at = offset; at < names_.size(); ++at) {
      if (names_[at] == std::byte{0}) return name;
      name += static_cast<char>(names_[at]);
    }
    file_.fail("a name outside its heap");
  }

  void visit(std::uint64_t address, int level) {
    if (!visited_.insert(address).second) file_.fail("a B-tree node with two parents");
    const auto addresses = static_cast<std::uint64_t>(file_.address_bytes()), lengths = static_cast<std::uint64_t>(file_.length_bytes());
    Hdf5Fields head(file_, address, 8 + 2 * addresses);
    head.expect("TREE");
    if (head.integer(1) != 0) head.fail("a B-tree of another kind");
    const int node_level = static_cast<int>(head.integer(1));
    if (level >= 0 && node_level != level) head.fail("a B-tree node at the wrong level");
    const std::uint64_t entries = head.integer(2);
    Hdf5Fields body(file_, address + 8 + 2 * addresses, entries * (lengths + addresses));
    for (std::uint64_t i = 0; i < entries; ++i) {
      body.length();
      const std::uint64_t child = body.address();
      if (node_level > 0) visit(child, node_level - 1);
      else read_node(child);
    }
  }

  void read_node(std::uint64_t address) {
    if (!visited_.insert(address).second) file_.fail("a symbol table node with two parents");
    const auto addresses = static_cast<std::uint64_t>(file_.address_bytes());
    Hdf5Fields head(file_, address, 8);
    head.expect("SNOD");
    if (head.integer(1) != 1) head.fail("unknown symbol table version");
    head.skip(1);
    const std::uint64_t entries = head.integer(2);
    Hdf5Fields body(file_, address + 8, entries * (2 * addresses + 24));
    for (std::uint64_t i = 0; i < entries; ++i) {
      Hdf5Link link;
      link.name = name_at(body.address());
      link.address = body.address();
      const auto cache_type = body.integer(4);
      body.skip(4);
      const std::uint64_t value = body.integer(4);
      body.skip(12);
      if (cache_type == 2) {
        link.kind = Hdf5Link::Kind::soft;
        link.target = name_at(value);
      }
      links_.push_back(std::move(link));
    }
  }

  const Hdf5File& file_;
  std::vector<Hdf5Link>& links_;
  std::vector<std::byte> names_;
  std::unordered_set<std::uint64_t> visited_;
};

Hdf5Link read_link(const Hdf5File& file, std::vector<std::byte> body) {
  Hdf5Fields fields(file, std::move(body));
  if (fields.integer(1) != 1) fields.fail("unknown link version");
  const auto flags = fields.integer(1);
  const auto type = (flags & 8) != 0 ? fields.integer(1) : 0;
  Hdf5Link link;
  if ((flags & 4) != 0) link.creation_order = fields.integer(8);
  if ((flags & 16) != 0) fields.integer(1);
  const auto name = fields.take(fields.integer(1 << (flags & 3)));
  link.name.assign(reinterpret_cast<const char*>(name.data()), name.size());
  if (type == 0) {
    link.address = fields.address();
  } else if (type == 1) {
    link.kind = Hdf5Link::Kind::soft;
    const auto target = fields.take(fields.integer(2));
    link.target.assign(reinterpret_cast<const char*>(target.data()), target.size());
  } else if (type == 64) {
    link.kind = Hdf5Link::Kind::external;
    const auto target = fields.take(fields.integer(2));
    // A byte of version and flags, the file, the object in it; both end with a zero.
    for (std::size_t i = 1; i + 1 < target.size(); ++i)
      link.target += target[i] == std::byte{0} ? ':' : static_cast<char>(target[i]);
  } else {
    link.kind = Hdf5Link::Kind::other;
  }
  return link;
}

}  // namespace

bool is_group(const ObjectHeader& header) {
  return header.find(MessageType::symbol_table) != nullptr || header.find(MessageType::link_info) != nullptr ||
         header.find(MessageType::group_info) != nullptr;
}

std::vector<Hdf5Link> read_links(const Hdf5File& file, const ObjectHeader& group) {
  std::vector<Hdf5Link> links;
  bool ordered = false;
  if (const Hdf5Message* table = group.find(MessageType::symbol_table)) {
    Hdf5Fields fields(file, table->body);
    const std::uint64_t tree = fields.address();
    SymbolTableWalk(file, links).walk(tree, fields.address());
  }
  if (const Hdf5Message* info = group.find(MessageType::link_info)) {
    Hdf5Fields fields(file, info->body);
    if (fields.integer(1) != 0) fields.fail("unknown group version");
    ordered = (fields.integer(1) & 1) != 0;
    if (ordered) fields.skip(8);
    const std::uint64_t heap_address = fields.address();
    const std::uint64_t tree = fields.address();
    if (!fields.is_undefined(heap_address)) {
      FractalHeap heap(file, heap_address);
      walk_btree2(file, tree, link_names_tree, [&](Hdf5Fields& record) {
        record.skip(4);
        links.push_back(read_link(file, heap.object(record.take(record.remaining()))));
      });
    }
  }
  for (const Hdf5Message& message : group.messages)
    if (message.type == MessageType::link) links.push_back(read_link(file, message.body));
  std::stable_sort(links.begin(), links.end(), [&](const Hdf5Link& a, const Hdf5Link& b) {
    return ordered ? a.creation_order < b.creation_order : a.name < b.name;
  });
  return links;
}

}  // namespace rankine::store
