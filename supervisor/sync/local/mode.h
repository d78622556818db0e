/* How new data takes the place of old; see local/release.h. */
#ifndef SYNC_LOCAL_MODE_H
#define SYNC_LOCAL_MODE_H

enum publish_mode { PUBLISH_ATOMIC, PUBLISH_INPLACE };

#endif
