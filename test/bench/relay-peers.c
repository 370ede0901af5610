/*
 * The peers of test/bench/relay.ts: who makes and takes the voice, and two relays in C, which do what ours does with a mini
 * frame of IAX2: find its call, give it the call number of the other side, pass on the payload.
 *
 *     relay-peers load  PORT CALLS SECONDS   sends both ways of CALLS bridged calls to 127.0.0.1:PORT, counts what comes
 *     relay-peers mmsg                       recvmmsg and sendmmsg on a beat of 5 ms
 *     relay-peers plain                      epoll, recvfrom and sendto
 *
 * A relay prints its port and waits for two datagrams of 4 bytes: the sockets of both sides make themselves known.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAYLOAD = 160, MINI = 4, FRAME = MINI + PAYLOAD, BATCH = 64, PACKET_MS = 20, BEAT_MS = 5 };

static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0) exit(1);
  return fd;
}

static int port_of(int fd) {
  struct sockaddr_in name;
  socklen_t length = sizeof name;
  getsockname(fd, (struct sockaddr *)&name, &length);
  return ntohs(name.sin_port);
}

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void sleep_until_ms(double at) {
  struct timespec then = {.tv_sec = (time_t)(at / 1e3)};
  then.tv_nsec = (long)((at - then.tv_sec * 1e3) * 1e6);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR) {
  }
}

/* Call numbers of side 0 are 1000 + n, of side 1 5000 + n; ours are 100 + 2 n and 101 + 2 n. */
static int far_call(int side, int n) { return (side == 0 ? 1000 : 5000) + n; }

static void write_mini(unsigned char *frame, int call, unsigned timestamp) {
  frame[0] = call >> 8;
  frame[1] = call & 0xff;
  frame[2] = timestamp >> 8;
  frame[3] = timestamp & 0xff;
}

static int load(int port, int calls, double seconds) {
  int side[2] = {open_socket(), open_socket()};
  struct sockaddr_in relay = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (int s = 0; s < 2; s++) {
    connect(side[s], (struct sockaddr *)&relay, sizeof relay);
    printf("%d\n", port_of(side[s]));
  }
  fflush(stdout);
  /* Whoever measures opens the calls, and then says a line. */
  char line[8];
  if (fgets(line, sizeof line, stdin) == NULL) return 1;
  unsigned char hello[MINI] = {0};
  for (int s = 0; s < 2; s++) {
    hello[3] = s;
    send(side[s], hello, sizeof hello, 0);
    usleep(50000);
  }
  unsigned char frame[FRAME];
  memset(frame, 0x55, sizeof frame);
  long sent = 0, received = 0;
  double start = now_ms();
  for (long ms = 0; ms < (long)(seconds * 1e3); ms++) {
    sleep_until_ms(start + ms);
    /* Calls are spread over the 20 ms between two packets of one. */
    for (int n = ms % PACKET_MS; n < calls; n += PACKET_MS) {
      for (int s = 0; s < 2; s++) {
        write_mini(frame, far_call(s, n), 1000 + (unsigned)(ms / PACKET_MS) * PACKET_MS);
        if (send(side[s], frame, sizeof frame, 0) == sizeof frame) sent++;
      }
    }
    for (int s = 0; s < 2; s++)
      while (recv(side[s], frame, sizeof frame, 0) == sizeof frame) received++;
  }
  usleep(300000);
  for (int s = 0; s < 2; s++)
    while (recv(side[s], frame, sizeof frame, 0) == sizeof frame) received++;
  printf("%ld %ld\n", sent, received);
  return 0;
}

static struct sockaddr_in far_end[2];
static int known;

/* Gives the side to which the frame goes, its header written anew; -1 for what is not voice. */
static int route(unsigned char *frame, long length, const struct sockaddr_in *from) {
  if (length == MINI) {
    far_end[frame[3]] = *from;
    known++;
    return -1;
  }
  if (length != FRAME || known < 2) return -1;
  int s = from->sin_port == far_end[0].sin_port ? 0 : 1;
  int n = ((frame[0] << 8) | frame[1]) - far_call(s, 0);
  unsigned timestamp = (frame[2] << 8) | frame[3];
  write_mini(frame, 100 + 2 * n + (1 - s), timestamp);
  return 1 - s;
}

static void relay_plain(void) {
  int fd = open_socket();
  int poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  printf("%d\n", port_of(fd));
  fflush(stdout);
  unsigned char frame[2048];
  for (;;) {
    epoll_wait(poll, &event, 1, -1);
    for (;;) {
      struct sockaddr_in from;
      socklen_t length = sizeof from;
      long got = recvfrom(fd, frame, sizeof frame, 0, (struct sockaddr *)&from, &length);
      if (got < 0) break;
      int to = route(frame, got, &from);
      if (to >= 0) sendto(fd, frame, got, 0, (struct sockaddr *)&far_end[to], sizeof far_end[to]);
    }
  }
}

static void relay_batches(void) {
  int fd = open_socket();
  printf("%d\n", port_of(fd));
  fflush(stdout);
  static unsigned char frames[BATCH][2048];
  static struct sockaddr_in from[BATCH];
  static struct iovec in_parts[BATCH], out_parts[BATCH];
  static struct mmsghdr in[BATCH], out[BATCH];
  double next = now_ms();
  for (;;) {
    next += BEAT_MS;
    sleep_until_ms(next);
    int count;
    do {
      for (int i = 0; i < BATCH; i++) {
        in_parts[i] = (struct iovec){frames[i], sizeof frames[i]};
        in[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &in_parts[i], 1, NULL, 0, 0};
      }
      count = recvmmsg(fd, in, BATCH, 0, NULL);
      int ready = 0;
      for (int i = 0; i < count; i++) {
        int to = route(frames[i], in[i].msg_len, &from[i]);
        if (to < 0) continue;
        out_parts[ready] = (struct iovec){frames[i], in[i].msg_len};
        out[ready].msg_hdr = (struct msghdr){&far_end[to], sizeof far_end[to], &out_parts[ready], 1, NULL, 0, 0};
        ready++;
      }
      for (int done = 0; done < ready;) {
        int gone = sendmmsg(fd, out + done, ready - done, 0);
        done += gone > 0 ? gone : 1;
      }
    } while (count == BATCH);
  }
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "load") == 0) return load(atoi(argv[2]), atoi(argv[3]), atof(argv[4]));
  if (argc == 2 && strcmp(argv[1], "mmsg") == 0) relay_batches();
  if (argc == 2 && strcmp(argv[1], "plain") == 0) relay_plain();
  fprintf(stderr, "usage: relay-peers load PORT CALLS SECONDS | mmsg | plain\n");
  return 2;
}
