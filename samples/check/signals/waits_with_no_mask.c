// An address of a mask where nothing is: the calls that wait with it fail, as the kernel has them do.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

int main(void) {
    const sigset_t *volatile nowhere = (sigset_t *)12;
    struct timespec none = {0, 0};
    struct epoll_event event;
    int epoll = epoll_create1(0);
    int result = pselect(0, NULL, NULL, NULL, &none, nowhere);
    printf("pselect %d %d\n", result, errno == EFAULT);
    result = ppoll(NULL, 0, &none, nowhere);
    printf("ppoll %d %d\n", result, errno == EFAULT);
    result = epoll_pwait(epoll, &event, 1, 0, nowhere);
    printf("epoll_pwait %d %d\n", result, errno == EFAULT);
    result = sigsuspend(nowhere);
    printf("sigsuspend %d %d\n", result, errno == EFAULT);
    return 0;
}
