#include <catch2/catch.hpp>

#include "recording_host.hpp"

using namespace rankine;
using namespace rankine::script;

namespace {

/// Keeps the text of what was drawn.
class DrawingHost : public RecordingHost {
 public:
  std::vector<std::pair<std::string, std::string>> drawn;
  void draw_graph(const DotGraph& graph, const std::string& path) override { drawn.emplace_back(path, graph.text()); }
};

std::string with_imports(const std::string& text) {
  return "import dask\nfrom dask import delayed\nfrom dask.distributed import Client, wait\n" + text;
}

}  // namespace

TEST_CASE("an error in a task comes with its place, its function and the arguments") {
  CHECK(error_of(with_imports("def ratio(a, b, unit='K'):\n    c = a\n    return c / b\nprint(delayed(ratio)(1, 0, unit='m').compute())\n")) ==
        "Traceback (most recent call last):\n"
        "  File \"script.py\", line 7, in <module>\n"
        "    print(delayed(ratio)(1, 0, unit='m').compute())\n"
        "                                         ^\n"
        "  File \"script.py\", line 6, in ratio\n"
        "    return c / b\n"
        "             ^\n"
        "ZeroDivisionError: division by zero\n"
        "  in ratio(1, 0, unit='m')");
  CHECK(output_of(with_imports("def bad(x):\n    raise ValueError(f'too hot: {x}')\n"
                               "f = Client().submit(bad, 300)\nprint(f.status, repr(f.exception()), f.exception())\n")) ==
        "error ValueError('too hot: 300') too hot: 300\n");
  // What needs a failed call fails with its error.
  CHECK_THAT(error_of(with_imports("def bad(x):\n    return [][x]\nc = Client()\nprint(c.submit(str, c.submit(bad, 2)).result())\n")),
             Catch::Contains("list index out of range") && Catch::Contains("in bad(2)"));
}

TEST_CASE("what cannot go to another rank is named before the call is made") {
  CHECK_THAT(error_of(with_imports("client = Client()\ndef f(x):\n    return client.submit(abs, x)\nclient.submit(f, 1)\n")),
             Catch::Contains("'client', which f() uses: a Client cannot be sent to another rank"));
  CHECK_THAT(error_of(with_imports("x = []\nfor i in range(2000):\n    x = [x]\ndelayed(len)(x).compute()\n")),
             Catch::Contains("nested too deeply"));
}

TEST_CASE("Delayed values have no truth, no length and no private attributes") {
  CHECK_THAT(error_of(with_imports("if delayed(abs)(1):\n    pass\n")), Catch::Contains("Truth of Delayed objects is not supported"));
  CHECK_THAT(error_of(with_imports("for x in delayed(list)([1]):\n    pass\n")), Catch::Contains("say delayed(function, nout=...)"));
  CHECK_THAT(error_of(with_imports("delayed(abs)(1)._x.compute()\n")), Catch::Contains("_x"));
}

TEST_CASE("set-up of clusters is accepted with one note") {
  RecordingHost host;
  run_script("script.py",
             "from dask.distributed import Client, LocalCluster, progress\nfrom dask_jobqueue import SLURMCluster\nimport dask_mpi\n"
             "cluster = SLURMCluster(cores=4, memory='8GB', queue='q')\ncluster.scale(jobs=3)\nclient = Client(cluster)\n"
             "with LocalCluster(n_workers=2) as c, Client(c, timeout='10s') as d:\n    print(d.submit(pow, 2, 3).result())\n"
             "dask_mpi.initialize()\nclient.close()\n", host);
  CHECK(host.out == "8\n");
  REQUIRE(host.notes.size() == 1);
  CHECK_THAT(host.notes[0], Catch::StartsWith("SLURMCluster(...) sets nothing up"));
}

TEST_CASE("names that Dask has and Rankine lacks are refused with their place") {
  const std::string client = "from dask.distributed import Client\nclient = Client()\n";
  CHECK_THAT(error_of(client + "client.run(print)\n"), Catch::StartsWith("script.py:3:8: 'run' of Client is not supported"));
  CHECK_THAT(error_of("import dask.dataframe as dd\n"), Catch::Contains("module 'dask.dataframe' is not supported"));
  CHECK_THAT(error_of("from dask.distributed import Lock\n"), Catch::Contains("'Lock' of dask.distributed is not supported"));
}

TEST_CASE("decorators are called from the innermost out") {
  CHECK(output_of("def twice(f):\n    return lambda x: f(f(x))\ndef shifted(by):\n    return lambda f: lambda x: f(x) + by\n"
                  "@shifted(100)\n@twice\ndef inc(x):\n    return x + 1\nprint(inc(1))\n") == "103\n");
}

TEST_CASE("a delayed graph is drawn with shared parts once, a large one by its functions") {
  DrawingHost host;
  run_script("script.py", with_imports("@delayed\ndef inc(x): return x + 1\nx = inc(1)\n(x + inc(x)).visualize('small.svg', rankdir='LR')\n"
                                       "dask.visualize([inc(i) for i in range(2000)], filename='large')\n"), host);
  REQUIRE(host.drawn.size() == 2);
  CHECK(host.drawn[0].first == "small.svg");
  CHECK(host.drawn[0].second ==
        "digraph {\n  rankdir=LR;\n"
        "  node [style=filled, fontname=\"sans-serif\", fontsize=11];\n  edge [fontname=\"sans-serif\", fontsize=9];\n"
        "  n0 [label=\"add\", shape=ellipse, fillcolor=\"#a6cee3\"];\n"
        "  n1 [label=\"inc\", shape=ellipse, fillcolor=\"#fdbf6f\"];\n"
        "  n2 [label=\"inc\", shape=ellipse, fillcolor=\"#fdbf6f\"];\n"
        "  n1 -> n0;\n  n2 -> n0;\n  n1 -> n2;\n}\n");
  CHECK(host.drawn[1].first == "large.png");
  DotGraph graph;
  for (int i = 0; i < 3; ++i) graph.nodes.push_back({"inc", DotGraph::Shape::ellipse, "inc"});
  graph.nodes.push_back({"sum", DotGraph::Shape::ellipse, "sum"});
  for (std::uint32_t i = 0; i < 3; ++i) graph.edges.push_back({i, 3});
  const DotGraph grouped = graph.by_group();
  REQUIRE(grouped.nodes.size() == 2);
  CHECK(grouped.nodes[0].label == "inc\n3 tasks");
  CHECK(grouped.nodes[1].label == "sum\n1 task");
  REQUIRE(grouped.edges.size() == 1);
  CHECK((grouped.edges[0].from == 0 && grouped.edges[0].to == 1 && grouped.edges[0].label == "3"));
}

TEST_CASE("arrays from delayed calls say what they were told and what is wrong with it") {
  const std::string imports = "import dask.array as da\nimport numpy as np\nfrom dask import delayed\n";
  CHECK(output_of(imports + "x = da.from_delayed(delayed(np.ones)((2, 3)), (2, 3), dtype='float32')\nprint(x, (x + 1).shape, x.T.shape)\n") ==
        "dask.array<array, shape=(2, 3), dtype=float32> (2, 3) (3, 2)\n");
  CHECK_THAT(error_of(imports + "da.from_delayed(delayed(np.ones)(3), (3,))\n"), Catch::Contains("from_delayed() needs dtype="));
  CHECK_THAT(error_of(imports + "da.from_delayed(np.ones(3), (3,), dtype=float)\n"), Catch::Contains("takes a Delayed, not ndarray"));
  CHECK_THAT(error_of(imports + "da.stack([])\n"), Catch::Contains("need at least one array to stack"));
}
