{
  "target_defaults": {
    "cflags_cc": ["-std=c++20", "-O3", "-Wall", "-Wextra", "-fno-strict-aliasing", "-fvisibility=hidden", "-flto=auto"],
    "ldflags": ["-flto=auto"],
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-rtti"]
  },
  "targets": [
    {
      "target_name": "tallytree",
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "defines": ["NAPI_VERSION=9"],
      "sources": ["<!@(ls native/core/*.cc native/binding/*.cc)"],
      "include_dirs": ["native"],
      "libraries": ["<!@(pkg-config --libs libmnl libpcap libzstd zlib)"]
    },
    {
      "target_name": "tallytree-guard",
      "type": "executable",
      "sources": ["<!@(ls native/guard/*.cc)", "native/core/precedence.cc", "native/core/queue_counters.cc"],
      "include_dirs": ["native"]
    }
  ]
}
