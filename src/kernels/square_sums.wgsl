// square_sums: partial[0, t] = the sum of a² and partial[1, t] = the sum of b² over what thread t owns: norms of two tensors.
//   a, b (count), as vec4; partial (2, threads), of which this launch writes columns from `first` on
// A thread owns every n-th vec4, of n threads. `reduce` adds up the rest.

struct Params { count: u32, first: u32, threads: u32 }
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.count)); } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  if (p.count == 0u) { return; }
  let t = workgroup.x * 64u + lane;
  var sums = vec2f();
  for (var i = t; i * 4u < p.count; i += groups.x * 64u) {
    let v = within(a[i], i);
    let u = within(b[i], i);
    sums += vec2f(dot(v, v), dot(u, u));
  }
  partial[p.first + t] = sums.x;
  partial[p.threads + p.first + t] = sums.y;
}
