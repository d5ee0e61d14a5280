// SPDX-License-Identifier: Apache-2.0
import type { Service } from '../server.js';
import { bankApi, orders, payments } from './checkout.js';
import { front, ingress } from './edge.js';
import { catalogueDb, ordersDb } from './key-value.js';
import { catalogue, ratings, reviews } from './shop.js';
import { shoppers } from './shoppers.js';

/** Every service by its name. */
export const services: Readonly<Record<string, Service>> = {
  ingress,
  front,
  catalogue,
  reviews,
  ratings,
  orders,
  payments,
  'catalogue-db': catalogueDb,
  'orders-db': ordersDb,
  'bank-api': bankApi,
  shoppers,
};
