#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "array/cf_decode.hpp"
#include "array/cf_encode.hpp"
#include "array/cf_encode_variable.hpp"
#include "array/evaluate.hpp"
#include "base/error.hpp"

using namespace rankine;
using namespace rankine::array;

namespace {

/// Serves sources from memory, so that expressions over files can be evaluated here.
class MemoryReader : public LeafReader {
 public:
  ExprPtr add(const NdArray& values) {
    auto stored = std::make_shared<StoredArray>();
    stored->variable = std::to_string(arrays_.size());
    stored->dtype = values.dtype();
    stored->shape = values.shape();
    arrays_.emplace(stored->variable, values);
    return source(stored);
  }
  StridedView read(const StoredArray& array, const Box& box) override {
    return StridedView::of(arrays_.at(array.variable)).inside(box);
  }
  StridedView layer(LayerId, const Box&) override { throw std::logic_error("no layers here"); }
  LoadFn load() {
    return [this](const ExprPtr& expr) { return evaluate(expr, Box::whole(expr->shape), *this); };
  }

 private:
  std::map<std::string, NdArray> arrays_;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

NdArray numbers(const std::string& dtype_name, const std::string& words) {
  const DType dtype = parse_dtype(dtype_name);
  std::istringstream in(words);
  std::vector<std::string> list;
  for (std::string word; in >> word;) list.push_back(word);
  NdArray out(dtype, {static_cast<std::int64_t>(list.size())});
  dispatch(dtype, [&]<typename T>() {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if constexpr (std::is_floating_point_v<T>) out.data<T>()[i] = static_cast<T>(std::strtod(list[i].c_str(), nullptr));
      else out.data<T>()[i] = static_cast<T>(std::stoll(list[i]));
    }
  });
  return out;
}

Attributes attributes(const std::string& text) {
  Attributes out;
  if (text.empty()) return out;
  for (const std::string& part : split(text, ';')) {
    const auto fields = split(part, ':');
    if (fields[1] == "text") out.set(fields[0], fields[2]);
    else {
      const NdArray values = numbers(fields[1], fields[2]);
      out.set(fields[0], values.size() == 1 ? values.reshaped({}) : values);
    }
  }
  return out;
}

std::string shown(const NdArray& values) {
  std::string text;
  for (std::int64_t i = 0; i < values.size(); ++i) {
    char word[48];
    if (!is_float(values.dtype())) std::snprintf(word, sizeof word, "%lld", static_cast<long long>(values.as_int64(i)));
    else if (std::isnan(values.as_double(i))) std::snprintf(word, sizeof word, "nan");
    else std::snprintf(word, sizeof word, "%a", values.as_double(i));
    text += (i == 0 ? "" : " ") + std::string(word);
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& name) {
  std::ifstream in(std::string(RANKINE_SOURCE_DIR) + "/tests/array/" + name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string stored_name(DType dtype) {
  return dtype == DType::datetime64 ? "datetime64" : dtype == DType::timedelta64 ? "timedelta64" : name_of(dtype);
}

}  // namespace

TEST_CASE("packed, masked and time variables decode to the bits that xarray gives") {
  const auto lines = lines_of("cf_decode.txt");
  REQUIRE(lines.size() > 500);
  std::string differences;
  for (const std::string& line : lines) {
    const auto fields = split(line, '|');
    MemoryReader reader;
    Variable stored;
    stored.dims = {"i"};
    stored.data = reader.add(numbers(fields[0], fields[1]));
    stored.attrs = attributes(fields[2]);
    const Variable decoded = decode_variable("v", stored, {}, reader.load());
    const NdArray values = reader.load()(decoded.data);
    const bool is_time = !is_numeric(decoded.dtype());
    const std::string expected =
        is_time ? fields[4] : shown(numbers(fields[3], fields[4]));
    if (stored_name(decoded.dtype()) != fields[3] || shown(values) != expected)
      differences += line + "\n  got " + stored_name(decoded.dtype()) + " " + shown(values) + "\n";
  }
  CHECK(differences == "");
}

TEST_CASE("variables encode to the bits and attributes that xarray gives") {
  const auto lines = lines_of("cf_encode.txt");
  REQUIRE(lines.size() == 28);
  std::string differences;
  for (const std::string& line : lines) {
    const auto fields = split(line, '|');
    MemoryReader reader;
    Variable variable;
    variable.dims = {"i"};
    variable.data = reader.add(numbers(fields[0], fields[1]));
    variable.encoding = attributes(fields[2]);
    const Variable encoded = encode_cf_variable("v", variable, reader.load());
    const NdArray values = reader.load()(encoded.data);
    if (name_of(encoded.dtype()) != fields[3] || shown(values) != shown(numbers(fields[3], fields[4])) ||
        !identical(encoded.attrs, attributes(fields[5])))
      differences += line + "\n  got " + name_of(encoded.dtype()) + " " + shown(values) + "\n";
  }
  CHECK(differences == "");
}

TEST_CASE("a file's coordinates, bounds and encodings come apart and go back as they were") {
  MemoryReader reader;
  const auto stored = [&](const std::string& name, std::vector<std::string> dims, const NdArray& values, Attributes attrs) {
    StoredVariable variable;
    variable.name = name;
    variable.dims = std::move(dims);
    variable.attributes = std::move(attrs);
    const ExprPtr expr = reader.add(values);
    variable.data = expr->as<Source>()->array;
    return variable;
  };
  Catalogue catalogue;
  catalogue.path = "in.nc";
  catalogue.dims = {{"time", 2, true}, {"nv", 2, false}};
  catalogue.attributes.set("coordinates", std::string("height"));
  catalogue.variables = {
      stored("time", {"time"}, NdArray::from<double>({15.5, 45.0}),
             {{"units", std::string("days since 1850-1-1")}, {"calendar", std::string("noleap")}, {"bounds", std::string("time_bnds")}}),
      stored("time_bnds", {"time", "nv"}, NdArray::from<double>({0, 31, 31, 59}, {2, 2}), {}),
      stored("lat2d", {"time"}, NdArray::from<float>({1, 2}), {}),
      stored("height", {}, NdArray::scalar(2.0), {}),
      stored("tas", {"time"}, NdArray::from<float>({280, 281}), {{"coordinates", std::string("lat2d")}}),
  };
  const Dataset dataset = decode_catalogue(catalogue, {}, reader.load());
  CHECK(dataset.coord_names == std::set<std::string>{"time", "lat2d", "height"});
  CHECK(dataset.attrs.size() == 0);
  const Variable& time = *dataset.variables.find("time");
  CHECK(time.dtype() == DType::cftime);
  CHECK(time.calendar == calendar::Calendar::noleap);
  REQUIRE(time.data->as<Constant>() != nullptr);
  CHECK(shown(time.data->as<Constant>()->value) == "-3782980800000000 -3780432000000000");
  CHECK(dataset.variables.find("time_bnds")->dtype() == DType::cftime);

  EncodeOptions options;
  options.path = "out.nc";
  options.encoding["tas"] = {{"zlib", NdArray::scalar(true)}, {"complevel", NdArray::scalar<std::int64_t>(1)}};
  const EncodedDataset encoded = encode_dataset(dataset, options, reader.load());
  REQUIRE(encoded.spec.variables.size() == 5);
  CHECK(encoded.spec.dims.front().unlimited);
  const OutputVariable& out_time = encoded.spec.variables[0];
  CHECK(*out_time.attributes.text("units") == "days since 1850-01-01");
  CHECK(*out_time.attributes.text("calendar") == "noleap");
  CHECK(shown(*out_time.value) == "0x1.fp+3 0x1.68p+5");
  // As xarray: the bounds name the coordinates that live on their dims, and repeat nothing of their parent.
  CHECK(identical(encoded.spec.variables[1].attributes, Attributes{{"coordinates", std::string("lat2d height")}}));
  const OutputVariable& tas = encoded.spec.variables[4];
  CHECK(*tas.attributes.text("coordinates") == "lat2d");
  CHECK(codec::describe(tas.codecs) == "shuffle, deflate 1");
  CHECK(tas.chunk_shape == Shape{2});
  REQUIRE(tas.fill.has_value());
  CHECK(std::isnan(tas.fill->as_double(0)));
  CHECK(encoded.lazy[4] != nullptr);
  CHECK(encoded.spec.attributes.empty());

  options.encoding["tas"] = {{"zipped", NdArray::scalar(true)}};
  CHECK_THROWS_AS(encode_dataset(dataset, options, reader.load()), UsageError);
}
