/** What is not known where a tap is missing, by its name. */
export const tapCosts: Readonly<Record<string, string>> = {
  net_dev_queue: 'no packet is seen leaving a device',
  netif_receive_skb: 'no packet is seen arriving',
  kfree_skb: 'drops are not seen: a dropped packet just ends',
  consume_skb: 'ordinary ends are not seen: journeys close a little later',
  net_dev_start_xmit: 'segments of a super-packet that software cuts are first seen at the next device',
  skb_copy_datagram_iovec: 'a packet is seen to reach the stack, not the process',
  napi_gro_receive_entry: 'packets that GRO merges seem to vanish',
  napi_gro_receive_exit: 'packets that GRO merges seem to vanish',
  neigh_event_send_done: 'a packet that waits for ARP is shown as open, for a reason not known',
  netfilter_hook: 'hooks are not seen one by one: rewrites are inferred between devices, drops have no hook',
  tcp_retransmit_skb: 'a retransmission that begins at another byte is not known as one',
  tcp_send_reset: 'why the kernel sends a RST is not told',
  sk_data_ready: 'that a packet waits in a socket unread is inferred from its silence',
  inet_sock_set_state: 'the process of a connection is not known at its SYN',
};
