import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.WaitStrategy;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.Disruptor;
import com.lmax.disruptor.dsl.ProducerType;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;

/**
 * The LMAX Disruptor beside which the bench "ring" measures: 65,536 slots of one long, summed by every consumer.
 *
 * <p>java DisruptorPeer SHAPE BATCH EVENTS ROUNDS WAIT; SHAPE is 1p1c, 3p1c, 1p3c, pipeline, diamond or queue (an
 * ArrayBlockingQueue). All rounds but the last warm the compiler up; the last one's figure is printed as JSON. Every sum
 * is verified.
 */
public final class DisruptorPeer {
    static final int SLOTS = 65_536;

    static final class Slot {
        long value;
    }

    static final class Sum implements EventHandler<Slot> {
        private final long wanted;
        private final CountDownLatch done;
        private long seen;
        long total;

        Sum(long wanted, CountDownLatch done) {
            this.wanted = wanted;
            this.done = done;
        }

        @Override
        public void onEvent(Slot slot, long sequence, boolean endOfBatch) {
            total += slot.value;
            if (++seen == wanted) {
                done.countDown();
            }
        }
    }

    private DisruptorPeer() {}

    static void publish(RingBuffer<Slot> ring, long events, int batch) {
        if (batch == 1) {
            for (long number = 0; number < events; number++) {
                long sequence = ring.next();
                ring.get(sequence).value = number;
                ring.publish(sequence);
            }
            return;
        }
        for (long number = 0; number < events; ) {
            int n = (int) Math.min(batch, events - number);
            long last = ring.next(n);
            long first = last - n + 1;
            for (long sequence = first; sequence <= last; sequence++) {
                ring.get(sequence).value = number++;
            }
            ring.publish(first, last);
        }
    }

    static void check(long total, long expected) {
        if (total != expected) {
            throw new IllegalStateException("sum " + total + " instead of " + expected);
        }
    }

    static double ring(String shape, int batch, long events, String wait) throws Exception {
        int producers = shape.equals("3p1c") ? 3 : 1;
        int consumers = shape.equals("1p1c") || producers == 3 ? 1 : 3;
        long each = events / producers;
        WaitStrategy strategy = wait.equals("busy-spin") ? new BusySpinWaitStrategy() : new YieldingWaitStrategy();
        Disruptor<Slot> disruptor = new Disruptor<>(Slot::new, SLOTS, work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        }, producers == 1 ? ProducerType.SINGLE : ProducerType.MULTI, strategy);
        CountDownLatch done = new CountDownLatch(consumers);
        Sum[] sums = new Sum[consumers];
        for (int i = 0; i < consumers; i++) {
            sums[i] = new Sum(each * producers, done);
        }
        if (shape.equals("pipeline")) {
            disruptor.handleEventsWith(sums[0]).then(sums[1]).then(sums[2]);
        } else if (shape.equals("diamond")) {
            disruptor.handleEventsWith(sums[0], sums[1]).then(sums[2]);
        } else {
            disruptor.handleEventsWith(sums);
        }
        RingBuffer<Slot> ring = disruptor.start();
        Thread[] threads = new Thread[producers];
        long start = System.nanoTime();
        for (int i = 0; i < producers; i++) {
            threads[i] = new Thread(() -> publish(ring, each, batch));
            threads[i].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        done.await();
        double seconds = (System.nanoTime() - start) / 1e9;
        disruptor.shutdown();
        for (Sum sum : sums) {
            check(sum.total, producers * (each * (each - 1) / 2));
        }
        return seconds;
    }

    static double queue(long events) throws Exception {
        ArrayBlockingQueue<Long> queue = new ArrayBlockingQueue<>(SLOTS);
        Thread producer = new Thread(() -> {
            try {
                for (long number = 0; number < events; number++) {
                    queue.put(number);
                }
            } catch (InterruptedException stop) {
                throw new IllegalStateException(stop);
            }
        });
        long start = System.nanoTime();
        producer.start();
        long total = 0;
        for (long number = 0; number < events; number++) {
            total += queue.take();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        check(total, events * (events - 1) / 2);
        return seconds;
    }

    /** Measure what the arguments say. */
    public static void main(String[] arguments) throws Exception {
        String shape = arguments[0];
        int batch = Integer.parseInt(arguments[1]);
        long events = Long.parseLong(arguments[2]);
        int rounds = Integer.parseInt(arguments[3]);
        double seconds = 0;
        for (int round = 0; round < rounds; round++) {
            seconds = shape.equals("queue") ? queue(events) : ring(shape, batch, events, arguments[4]);
        }
        System.out.printf("{\"events\": %d, \"wall_s\": %.9f, \"java\": \"%s\"}%n", events, seconds,
            System.getProperty("java.version"));
    }
}
