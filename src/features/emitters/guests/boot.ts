/** The lines of an instance's boot, in their order: kernel, cloud-init, systemd, containers, service. */

import type { Instance, Line } from "./instance.ts";

type BootLine = (instance: Instance, n: number) => Line;

/** Kernel time advances unevenly, as on a real machine. */
function kernel(seconds: number, say: (instance: Instance) => string): BootLine {
  return (instance, n) => {
    const at = (seconds + instance.draw(n, 1, 90_000) / 1e6).toFixed(6).padStart(12);
    return ["INFO", "kernel", 0, `[${at}] ${say(instance)}`];
  };
}

function from(
  process: string,
  pid: number,
  say: (instance: Instance, n: number) => string,
): BootLine {
  return (instance, n) => [
    "INFO",
    process,
    pid === 1 ? 1 : pid + (instance.seed % 40),
    say(instance, n),
  ];
}

export const bootLines: readonly BootLine[] = [
  kernel(0, () => "Linux version 6.12.41-cloud-amd64 (gcc 14.2.0) #1 SMP PREEMPT_DYNAMIC"),
  kernel(
    0.1,
    ({ seed }) =>
      `Command line: BOOT_IMAGE=/boot/vmlinuz-6.12.41 root=UUID=${(seed >>> 0).toString(16).padStart(8, "0")}-4d1c ro console=ttyS0`,
  ),
  kernel(0.2, () => "BIOS-provided physical RAM map:"),
  kernel(0.3, () => "Hypervisor detected: KVM"),
  kernel(
    0.4,
    ({ memoryGb }) => `Memory: ${memoryGb * 1_011_712}K/${memoryGb * 1_048_576}K available`,
  ),
  kernel(0.5, ({ cores }) => `smp: Brought up 1 node, ${cores} CPUs`),
  kernel(0.6, () => "clocksource: Switched to clocksource kvm-clock"),
  kernel(0.8, () => "nvme nvme0: 2/0/0 default/read/poll queues"),
  kernel(1.1, () => "EXT4-fs (nvme0n1p1): mounted filesystem with ordered data mode"),
  kernel(1.3, () => "ena 0000:00:05.0 ens5: renamed from eth0"),
  from("systemd", 1, () => "Detected virtualization kvm, architecture x86-64"),
  from("systemd", 1, ({ host }) => `Hostname set to ${host}`),
  from("systemd", 1, () => "Reached target Local File Systems"),
  from("systemd-networkd", 412, ({ address }) => `ens5: DHCPv4 address ${address}/20 acquired`),
  from("cloud-init", 498, () => "Cloud-init v. 25.1.4 running init-local"),
  from("cloud-init", 498, ({ zone }) => `Datasource DataSourceEc2Local, availability zone ${zone}`),
  from("cloud-init", 498, ({ host }) => `Setting hostname to ${host}`),
  from("cloud-init", 498, () => "Running module write_files, ssh_authkey_fingerprints, runcmd"),
  from("chronyd", 540, () => "Selected source 169.254.169.123, system clock was 0.018 s off"),
  from("sshd", 601, () => "Server listening on 0.0.0.0 port 22"),
  from("sshd", 601, () => "Server listening on :: port 22"),
  from("systemd", 1, () => "Started OpenSSH server daemon"),
  from("containerd", 640, () => "containerd successfully booted in 0.081s"),
  from("dockerd", 688, () => "Loading containers: done"),
  from("dockerd", 688, () => "API listen on /run/docker.sock"),
  from("kubelet", 731, () => "Started kubelet, version v1.34.2"),
  (instance) => [
    "WARN",
    "kubelet",
    731 + (instance.seed % 40),
    "Container runtime network not ready: cni plugin not initialized",
  ],
  from("kubelet", 731, ({ host }) => `Attempting to register node ${host}`),
  from("kubelet", 731, ({ host }) => `Successfully registered node ${host}`),
  from(
    "kubelet",
    731,
    ({ service, version }) => `Pulling image registry.internal/${service}:1.${version}.0`,
  ),
  from(
    "kubelet",
    731,
    ({ service, version }, n) =>
      `Successfully pulled image ${service}:1.${version}.0 in ${(2 + n / 19).toFixed(2)}s`,
  ),
  from("kubelet", 731, ({ service }) => `Started container ${service}`),
  from(
    "app",
    1040,
    ({ service, version }) => `${service} 1.${version}.0 starting, profile production`,
  ),
  from("app", 1040, ({ cores }) => `Using ${cores * 2} workers`),
  from("app", 1040, () => "Connected to database primary, pool of 16"),
  (instance) => [
    "WARN",
    "app",
    1040 + (instance.seed % 40),
    "Cache is cold: the first requests will be slow",
  ],
  from("app", 1040, () => "Listening on 0.0.0.0:8080"),
  from("kubelet", 731, ({ service }) => `Readiness probe of ${service} succeeded`),
  from("cloud-init", 498, () => "Cloud-init v. 25.1.4 finished, datasource Ec2Local"),
  from(
    "systemd",
    1,
    ({ seed }) => `Startup finished in 1.204s (kernel) + ${8 + (seed % 7)}.311s (userspace)`,
  ),
];
